import type { Model } from "../config/model.ts";
import type { Authentication } from "../vrrp/config.ts";

const MASKED = "***";

/** The model with its passwords and keys replaced, fit for other eyes. */
export function maskSecrets(model: Model): Model {
  const instances = model.vrrp.instances.map((instance) => ({
    ...instance,
    authentication: maskAuthentication(instance.authentication),
  }));
  return { ...model, vrrp: { ...model.vrrp, instances } };
}

function maskAuthentication(authentication: Authentication): Authentication {
  switch (authentication.type) {
    case "none":
      return authentication;
    case "password":
      return { ...authentication, password: MASKED };
    case "header":
      return { ...authentication, key: MASKED };
    case "hmac":
      return {
        ...authentication,
        keys: authentication.keys.map(({ id }) => ({ id, secret: MASKED })),
      };
  }
}
