import { z } from 'zod';

/** The bodies of the control API. */
const who = z.string().min(1).describe('a person: id or handle');
const where = z.string().min(1).describe('a conversation: id, or channel name with or without #');
const times = z.number().int().positive().default(1);
const method = z.string().min(1);

export const messageRequest = z.strictObject({
  as: who,
  channel: where,
  text: z.string().default(''),
  thread_ts: z.string().optional(),
  files: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        contentBase64: z.base64(),
        /** The message carries only the file's id, as in Slack Connect channels. */
        idOnly: z.boolean().default(false),
      }),
    )
    .default([]),
  /** Takes the text as Slack's markup, without turning `@name` and addresses into it. */
  raw: z.boolean().default(false),
  /** What an app shows, or the client of a person puts beside the text. */
  blocks: z.array(z.looseObject({ type: z.string() })).default([]),
  /** Forwarded messages, previews of links, and what an app attaches. */
  attachments: z.array(z.looseObject({})).default([]),
});

export const editRequest = z.strictObject({
  as: who,
  channel: where,
  ts: z.string(),
  text: z.string(),
  raw: z.boolean().default(false),
});

export const deleteRequest = z.strictObject({ as: who, channel: where, ts: z.string() });

export const reactionRequest = z.strictObject({
  as: who,
  channel: where,
  ts: z.string(),
  name: z.string().min(1),
  remove: z.boolean().default(false),
});

export const actionRequest = z.strictObject({
  as: who,
  channel: where,
  ts: z.string(),
  action_id: z.string().min(1),
  /** Needed when several elements of the message have the same action id. */
  block_id: z.string().optional(),
  value: z.string().optional(),
});

export const homeRequest = z.strictObject({ as: who });

export const classRequest = z.strictObject({
  user: who,
  kind: z.enum(['member', 'guest', 'single-channel-guest', 'stranger']),
});

export const homeActionRequest = z.strictObject({
  as: who,
  action_id: z.string().min(1),
  block_id: z.string().optional(),
  value: z.string().optional(),
});

export const submitRequest = z.strictObject({
  as: who,
  /** By the action id of each input. */
  values: z.record(z.string(), z.string()).default({}),
});

export const openDmRequest = z.strictObject({
  as: who,
  /** Further people make it a group DM. */
  with: z.array(who).default([]),
});

export const memberRequest = z.strictObject({
  as: who,
  channel: where,
  user: who,
  action: z.enum(['join', 'leave']),
});

export const channelRequest = z.strictObject({
  channel: where,
  archived: z.boolean().optional(),
  /** Only some people may post; the app is not one of them. */
  restricted: z.boolean().optional(),
  /** A public channel is made private, or a private one public. */
  kind: z.enum(['public', 'private']).optional(),
});

export const pinnedRequest = z.strictObject({
  id: z.string().min(1),
  channel: where,
  text: z.string(),
  blocks: z.array(z.looseObject({ type: z.string() })).default([]),
});

export const faultRequest = z.union([
  z.strictObject({ redeliver: z.number().int().min(1).max(100) }),
  z.strictObject({ loseAcks: z.number().int().min(0) }),
  z.strictObject({ loseEvents: z.number().int().min(0) }),
  z.strictObject({ acceptThenDrop: method, times }),
  z.strictObject({ rateLimit: method, times, retryAfter: z.number().int().min(0).default(1) }),
  z.strictObject({ missingMethod: method }),
  z.strictObject({ withoutScope: z.string().min(1) }),
  z.strictObject({ failWith: method, error: z.string(), times, status: z.number().int().min(400).max(599).optional() }),
  z.strictObject({ delayMs: method, ms: z.number().int().positive(), times: times.optional() }),
  z.strictObject({ disconnect: z.union([z.literal(true), z.enum(['warning', 'refresh_requested', 'abrupt'])]) }),
  z.strictObject({ clear: z.literal(true) }),
]);

export type FaultRequest = z.infer<typeof faultRequest>;
