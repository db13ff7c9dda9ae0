-- One organization, one installation, one database.

create table installation (
  id text primary key,
  -- X25519 public key, base64; the private key lives in the proxy's key file and never here.
  public_key text,
  key_id text,
  created_at timestamptz not null default now()
);

-- Slack's directory, as far as it was looked up -------------------------------------------------

create table channel (
  team text not null,
  id text not null,
  name text not null,
  kind text not null check (kind in ('public', 'private', 'im', 'mpim')),
  -- Shared with another organization, or about to be.
  external boolean not null default false,
  seen_at timestamptz not null default now(),
  primary key (team, id)
);

create table person (
  team text not null,
  id text not null,
  name text not null,
  class text not null check (class in ('member', 'guest', 'external', 'bot', 'unknown')),
  seen_at timestamptz not null default now(),
  primary key (team, id)
);

-- Up to when every event of a workspace is known to have been stored: where a catch-up reads from.
create table slack_watermark (
  team text primary key,
  seen_until timestamptz not null
);

-- Access ------------------------------------------------------------------------------------------

create table policy (
  version int primary key,
  document jsonb not null,
  source text not null,
  applied_at timestamptz not null default now(),
  applied_by text not null
);

create table credential (
  connection text not null,
  version int not null,
  key_id text not null,
  -- HPKE ciphertext; hosts, ports, kind and placement are bound to it.
  sealed bytea not null,
  created_at timestamptz not null default now(),
  primary key (connection, version)
);

create table schedule (
  name text primary key,
  team text not null,
  channel text not null,
  cron text not null,
  timezone text not null,
  prompt text not null,
  paused boolean not null default false,
  policy_version int not null
);

-- What came from Slack ----------------------------------------------------------------------------

create table inbox (
  id bigint generated always as identity primary key,
  event_id text not null unique,
  kind text not null check (kind in ('message', 'stop', 'schedule')),
  team text not null,
  channel text not null,
  thread_ts text not null,
  ts text not null,
  author text not null,
  author_class text not null default 'unknown',
  -- mention, dm, thread (an untagged message of a thread that has a session), schedule
  address text not null,
  text text not null default '',
  files jsonb not null default '[]',
  received_at timestamptz not null default now(),
  -- delivered: the agent may read it. answered: the gateway answered itself (status, help, a stop with nothing to stop).
  state text not null default 'received' check (state in ('received', 'delivered', 'refused', 'context', 'answered')),
  -- A stop came after it while it was 'received': it becomes context once its author is known.
  overtaken boolean not null default false,
  -- When Temporal accepted its signal. A delivered row without it is signalled again.
  delivered_at timestamptz,
  notice_at timestamptz,
  attempts int not null default 0,
  -- A claim sets it ahead: whoever died with a row leaves it to the next sweep after that.
  not_before timestamptz not null default now(),
  -- The turn that claimed it.
  turn int
);
-- app_mention and message of the same text, delivered five times each, are one.
create unique index inbox_message_once on inbox (team, channel, ts) where kind = 'message';
create index inbox_undelivered on inbox (id) where delivered_at is null and state in ('received', 'delivered');
create index inbox_thread on inbox (team, channel, thread_ts, id);

-- Sessions ------------------------------------------------------------------------------------------

-- Process limits count by user over a whole machine, so installations that share an engine begin apart.
do $$
begin
  execute format('create sequence agent_uid start %s minvalue 20000 maxvalue 900000000', 20000 + floor(random() * 40000)::int * 1000);
end
$$;

create table session (
  id text primary key,
  team text not null,
  channel text not null,
  thread_ts text not null,
  scope text not null,
  principal text not null,
  state text not null default 'working' check (state in ('working', 'idle', 'paused', 'closed')),
  permalink text,
  -- Instructions stay as they were when the thread started.
  instructions jsonb not null default '[]',
  -- The agent's user in this session's sandbox.
  agent_uid int not null default nextval('agent_uid') unique,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);

create table access_snapshot (
  id uuid primary key default gen_random_uuid(),
  session text not null references session (id),
  turn int not null,
  policy_version int not null,
  access jsonb not null,
  taken_at timestamptz not null default now()
);

create table turn (
  session text not null references session (id),
  number int not null,
  -- Which run of the workflow began it, and as its how manieth: a repeated `beginTurn` finds its own turn again.
  claim text not null unique,
  requester text not null,
  state text not null default 'running' check (state in ('running', 'answered', 'stopped', 'limit', 'failed')),
  failure text,
  stopped_by text,
  snapshot uuid references access_snapshot (id),
  started_at timestamptz not null default now(),
  -- When its sandbox could run commands.
  sandbox_ready_at timestamptz,
  ended_at timestamptz,
  steps int not null default 0,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  injected int not null default 0,
  forwarded int not null default 0,
  blocked int not null default 0,
  bytes_out bigint not null default 0,
  primary key (session, number)
);
create index turn_running on turn (session) where state = 'running';

-- The conversation as the model is given it. Append-only; a summary row replaces older ones in the context.
create table transcript (
  session text not null references session (id),
  seq bigint generated always as identity,
  turn int not null,
  -- user, assistant (content blocks of the model), tool (one result), summary
  role text not null check (role in ('user', 'assistant', 'tool', 'summary')),
  author text,
  author_class text,
  step int,
  content jsonb not null,
  tokens int not null default 0,
  at timestamptz not null default now(),
  primary key (session, seq)
);
create index transcript_turn on transcript (session, turn);

-- One row a model call or tool call.
create table step (
  session text not null references session (id),
  turn int not null,
  number int not null,
  kind text not null check (kind in ('model', 'tool')),
  tool text,
  tool_call text,
  arguments jsonb,
  state text not null default 'pending' check (state in ('pending', 'running', 'done', 'failed', 'stopped', 'unknown')),
  exit_code int,
  truncated boolean not null default false,
  -- The whole output up to 1 MB; the model sees at most 32 KB of it.
  output text,
  attempt int not null default 0,
  -- Of the sandbox in which its command was first started.
  incarnation text,
  started_at timestamptz,
  ended_at timestamptz,
  primary key (session, turn, number)
);

create table model_usage (
  id bigint generated always as identity primary key,
  session text not null,
  turn int not null,
  step int not null,
  principal text not null,
  channel text not null,
  model text not null,
  input_tokens int not null,
  output_tokens int not null,
  at timestamptz not null default now(),
  unique (session, turn, step)
);

-- Runners and sandboxes -----------------------------------------------------------------------------

create table runner (
  id text primary key,
  capacity int not null,
  runtime text not null,
  image_ready boolean not null default false,
  draining boolean not null default false,
  started_at timestamptz not null default now(),
  beat_at timestamptz not null default now()
);

create table sandbox (
  -- Short and safe for container names and socket paths.
  id text primary key,
  session text not null unique references session (id),
  runner text not null,
  state text not null default 'placed' check (state in ('placed', 'running', 'paused', 'removed')),
  has_workspace boolean not null default false,
  -- Names this life of the container; a restarted one has another.
  incarnation text,
  -- The last turn after which the agent's processes were ended.
  settled_turn integer not null default 0,
  -- The reaper claims a row before it removes anything.
  reaper_claim timestamptz,
  changed_at timestamptz not null default now()
);

create table egress_event (
  id uuid primary key,
  at timestamptz not null,
  sandbox text not null,
  session text,
  turn int,
  principal text,
  requester text,
  scope text,
  outcome text not null check (outcome in ('injected', 'forwarded', 'blocked')),
  code text not null,
  reason text not null,
  rule text,
  bundle text,
  rule_scope text,
  connection text,
  method text not null,
  scheme text not null,
  host text not null,
  port int not null,
  path text not null,
  status int,
  bytes_out bigint not null,
  bytes_in bigint not null,
  duration_ms int not null,
  transport text not null,
  -- Whether the sandbox sent a credential itself; null where its headers were not seen.
  own_credentials boolean,
  stored_at timestamptz not null default now()
);
create index egress_event_turn on egress_event (session, turn, at);
create index egress_event_time on egress_event (stored_at);

-- What is to be said in Slack -----------------------------------------------------------------------

-- A row is one thing to be seen in Slack, kept as the wanted state: the sender makes Slack agree with it.
create table outbox (
  id bigint generated always as identity primary key,
  -- One logical message, however often it is written: `<turn>/answer`, `<inbox id>/refusal`, …
  key text not null unique,
  -- The opaque mark in the message's metadata, by which an unsure attempt finds its own message again.
  mark uuid not null default gen_random_uuid() unique,
  kind text not null check (kind in ('message', 'reaction', 'status', 'file', 'ephemeral')),
  team text not null,
  channel text not null,
  thread_ts text,
  session text,
  body jsonb not null,
  revision int not null default 1,
  sent_revision int not null default 0,
  final boolean not null default false,
  attempts int not null default 0,
  slack_ts text,
  slack_file text,
  -- Where Slack takes this file's bytes; valid for one upload.
  upload_url text,
  -- A post or completion was begun and its outcome is not known: look before trying again.
  unsure boolean not null default false,
  claimed_until timestamptz,
  not_before timestamptz not null default now(),
  failed text,
  created_at timestamptz not null default now(),
  sent_at timestamptz
);
create index outbox_due on outbox (not_before) where sent_revision < revision and failed is null;
create index outbox_thread on outbox (team, channel, thread_ts);

create table file (
  id uuid primary key default gen_random_uuid(),
  session text not null,
  name text not null,
  bytes bytea not null,
  direction text not null check (direction in ('in', 'out')),
  -- The sandbox whose workspace holds it.
  placed_in text,
  -- For direction in: whether it lies in the workspace already.
  placed boolean not null default false,
  at timestamptz not null default now()
);
create index file_incoming on file (session) where direction = 'in';

create table rate_bucket (
  team text not null,
  method text not null,
  channel text not null default '',
  tokens double precision not null,
  refilled_at timestamptz not null default now(),
  blocked_until timestamptz,
  primary key (team, method, channel)
);
