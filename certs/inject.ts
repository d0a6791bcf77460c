import { sameCaBundle, toCaBundle } from './bundle.ts';

/** The part of a Validating- or MutatingWebhookConfiguration that is looked at here. */
export type WebhookConfiguration = {
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
};

/** An operation of a JSON Patch (RFC 6902). */
export type PatchOperation = { readonly op: 'test' | 'add'; readonly path: string; readonly value: string };

/**
 * The JSON Patch that makes every webhook of `configuration` trust `bundlePem` and nothing else; undefined when
 * they do already, because two writers that write without need never end. Touches nothing but `caBundle`.
 */
export function planInjection(
  configuration: WebhookConfiguration,
  bundlePem: string,
): readonly PatchOperation[] | undefined {
  const value = toCaBundle(bundlePem);
  const operations = (configuration.webhooks ?? []).flatMap((webhook, index): PatchOperation[] =>
    sameCaBundle(webhook.clientConfig.caBundle, value)
      ? []
      : [
          // A JSON Patch addresses by place: if somebody has moved the entries, it must fail and be made anew.
          { op: 'test', path: `/webhooks/${index}/name`, value: webhook.name },
          // `add` sets the member whether it is there or not.
          { op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value },
        ],
  );
  return operations.length === 0 ? undefined : operations;
}
