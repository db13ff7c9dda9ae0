-- One organization, one installation, one database.

-- The key of a Slack thread in every table, as contracts/ids.ts makes it: session, workflow and thread are one thing.
create function slack_thread(team text, channel text, thread_ts text) returns text
  language sql immutable parallel safe
  return 'slack:' || team || ':' || channel || ':' || thread_ts;

-- The key of a channel, `<team>:<channel>`: the middle of a session id.
create function channel_of(session text) returns text
  language sql immutable parallel safe
  return split_part(session, ':', 2) || ':' || split_part(session, ':', 3);

create table installation (
  id text primary key,
  -- X25519 public key, base64; the private key lives in the proxy's key file and never here.
  public_key text,
  key_id text,
  -- The same for keys of models, which only the agent worker opens.
  model_public_key text,
  model_key_id text,
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
  -- What people have written about it. Empty: nothing.
  topic text not null default '',
  purpose text not null default '',
  seen_at timestamptz not null default now(),
  -- When Slack last announced a change. What was asked before that is not believed.
  changed_at timestamptz not null default 'epoch',
  -- When its members were last read, and when one last joined or left. What was read before that is not believed.
  members_read_at timestamptz not null default 'epoch',
  members_changed_at timestamptz not null default 'epoch',
  primary key (team, id)
);
create index channel_external on channel (team, id) where external;
create index channel_name on channel (name);
create index channel_time on channel (seen_at);

-- What an administrator said of a channel whose name matches a pattern of the access file. A row counts only while the
-- channel has the name it had then. A channel that gets another name loses its row.
create table channel_verdict (
  team text not null,
  channel text not null,
  pattern text not null,
  name text not null,
  confirmed boolean not null,
  decided_by text not null,
  decided_at timestamptz not null default now(),
  primary key (team, channel),
  foreign key (team, channel) references channel (team, id) on delete cascade
);

-- While Slack has announced a change that nobody has asked about yet, the name is in doubt, and nothing counts.
create view confirmed_channel as
select verdict.team, verdict.channel, verdict.name, verdict.pattern
from channel_verdict verdict join channel on channel.team = verdict.team and channel.id = verdict.channel
where verdict.confirmed and channel.name = verdict.name and channel.seen_at > 'epoch' and channel.kind in ('public', 'private');

create table person (
  team text not null,
  id text not null,
  name text not null,
  class text not null check (class in ('member', 'guest', 'external', 'bot', 'unknown')),
  -- What they say they do, and the name of their time zone. Empty where Slack does not say.
  title text not null default '',
  zone text not null default '',
  -- Slack's version of this data, in seconds. Older data never replaces newer data.
  updated bigint not null default 0,
  seen_at timestamptz not null default now(),
  primary key (team, id)
);
create index person_time on person (seen_at);

-- Who is in a conversation and is no member of the workspace. `unknown`: Slack does not say who it is. Members are not written down.
create table channel_outsider (
  team text not null,
  channel text not null,
  person text not null,
  class text not null check (class in ('guest', 'external', 'unknown')),
  primary key (team, channel, person),
  foreign key (team, channel) references channel (team, id) on delete cascade
);
create index channel_outsider_person on channel_outsider (team, person);

-- Conversations with outsiders in them. What they reach follows from this, so it is part of the policy in force.
create view mixed_channel as
select channel.team, channel.id as channel, channel.name,
  coalesce(bool_or(outsider.class in ('guest', 'unknown')), false) as guests,
  channel.external or coalesce(bool_or(outsider.class = 'external'), false) as shared
from (select team, id from channel where external union select team, channel from channel_outsider) mixed
join channel on channel.team = mixed.team and channel.id = mixed.id
left join channel_outsider outsider on outsider.team = channel.team and outsider.channel = channel.id
where channel.kind <> 'im'
group by channel.team, channel.id, channel.name, channel.external;

-- Counts the changes of mixed_channel. To number them costs the same however many there are.
create table mixed_revision (revision bigint not null);
insert into mixed_revision values (0);

create function note_mixed_change() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update mixed_revision set revision = revision + 1;
  return null;
end $$;
create function note_outsiders() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (select from changed) then
    update mixed_revision set revision = revision + 1;
  end if;
  return null;
end $$;
create trigger outsiders_came after insert on channel_outsider
  referencing new table as changed for each statement execute function note_outsiders();
create trigger outsiders_changed after update on channel_outsider
  referencing new table as changed for each statement execute function note_outsiders();
create trigger outsiders_left after delete on channel_outsider
  referencing old table as changed for each statement execute function note_outsiders();
create trigger channel_came_shared after insert on channel for each row when (new.external) execute function note_mixed_change();
create trigger channel_became_shared after update of external on channel for each row
  when (old.external <> new.external) execute function note_mixed_change();

-- What Slack says of a person counts wherever they are.
create function outsider_changed() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.class not in ('guest', 'external') then
    delete from channel_outsider where team = new.team and person = new.id;
  else
    update channel_outsider set class = new.class where team = new.team and person = new.id and class <> new.class;
    -- They may be anywhere. Who is in a conversation is read anew before a message there is worked on.
    if old.class not in ('guest', 'external') then
      update channel set members_read_at = 'epoch', members_changed_at = clock_timestamp() where team = new.team;
    end if;
  end if;
  return null;
end $$;
create trigger person_class after update of class on person for each row
  when (old.class <> new.class) execute function outsider_changed();

-- Up to when a gateway is known to have stored every event that Slack sent to it. One row for each gateway, since Slack sends
-- an event to one connection only.
create table slack_watermark (
  team text not null,
  gateway text not null,
  seen_until timestamptz not null,
  -- When the gateway last said that it is there. 'epoch' when it ended in order.
  beat_at timestamptz not null default now(),
  primary key (team, gateway)
);

-- Reading from Slack what no gateway was sent. `holder` does it until `held_until`; a higher fence ends a lower one.
create table slack_catch_up (
  team text primary key,
  holder text,
  fence bigint not null default 0,
  held_until timestamptz not null default 'epoch',
  -- Everything said until then has to be read, and was read.
  needed_until timestamptz not null,
  done_until timestamptz not null default 'epoch'
);

-- How far the catch-up under way has come; empty when none is. A row with a thread is a thread that is still to be read.
create table slack_catch_up_place (
  team text not null,
  channel text not null,
  thread_ts text not null default '',
  read_until timestamptz not null,
  primary key (team, channel, thread_ts)
);

-- Access ------------------------------------------------------------------------------------------

create table policy (
  version int primary key,
  document jsonb not null,
  source text not null,
  applied_at timestamptz not null default now(),
  applied_by text not null
);

-- Names what is in force without reading a document: another text after each change.
create view policy_revision as
select coalesce((select max(version) from policy), 0) || ' ' || md5((
  select coalesce(json_agg(each order by team, channel), '[]') from confirmed_channel each)::text)
  || ' ' || (select revision from mixed_revision) as revision;

-- The part of a document that says how sandboxes are furnished, for the runner, which reads no rules.
create view applied_environment as
  select version,
    coalesce(document->'environments', '[]'::jsonb) as environments,
    (select coalesce(jsonb_agg(jsonb_build_object('scope', scope, 'environment', environment)), '[]'::jsonb)
     from (
       select each->>'scope' as scope, each->>'environment' as environment from jsonb_array_elements(document->'scopes') each
       union all
       -- Channels that are confirmed for a pattern. One that the document names has only what stands there.
       select 'channel:' || team || ':' || channel, each->>'environment'
       from jsonb_array_elements(document->'patterns') each join confirmed_channel on pattern = each->>'pattern'
       where not document @> jsonb_build_object('scopes', jsonb_build_array(jsonb_build_object('scope', 'channel:' || team || ':' || channel)))
     ) furnished where environment is not null) as attached
  from policy;

create table credential (
  connection text not null,
  version int not null,
  key_id text not null,
  -- HPKE ciphertext; connection, version, hosts, ports and use are bound to it.
  sealed bytea not null,
  -- When the secret ends by itself, if its text says so: a certificate, a key for a session.
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (connection, version)
);

-- The keys of models among them, for the agent worker. They are sealed for its own key pair.
create view model_key as
select connection, version, sealed from credential where connection like 'model/%';

-- Refresh tokens that have replaced an entered one (RFC 6749 6). A chain does not depend on the version of the credential.
create table refresh_token (
  connection text not null,
  -- Keyed digest of the token that was entered.
  seed text not null,
  -- How often the token was replaced. It is the fence: a row is only changed by who knows the newest.
  generation int not null default 0,
  key_id text,
  -- HPKE ciphertext, bound to connection, seed and generation. Null while the entered token is the newest.
  sealed bytea,
  -- Who is exchanging it, and until when nobody else may.
  holder text,
  held_until timestamptz,
  used_at timestamptz not null default now(),
  primary key (connection, seed),
  check ((sealed is null) = (generation = 0) and (key_id is null) = (sealed is null))
);
create index refresh_token_by_use on refresh_token (used_at);

-- No version of a personal connection is used twice, also after it was removed and added again.
create sequence personal_version as int;

-- What people have connected for themselves, with tokens of their own. Its sealed text is bound to the person.
create table personal_connection (
  team text not null,
  person text not null,
  -- The name of what the access file offers: `github`.
  connection text not null,
  version int not null default nextval('personal_version'),
  key_id text not null,
  -- HPKE ciphertext; person, connection, version, hosts, ports and use are bound to it.
  sealed bytea not null,
  -- When the secret ends by itself, if its text says so.
  expires_at timestamptz,
  added_at timestamptz not null default now(),
  -- How it was added: a token was pasted, or granted by OAuth.
  way text not null default 'token' check (way in ('token', 'oauth')),
  -- How often its tokens were renewed. It is the fence: a row is only changed by who knows the newest.
  generation int not null default 0,
  -- HPKE ciphertext of the newest tokens, bound to what `sealed` is bound to and the generation. Null while that is the newest.
  renewed bytea,
  -- Who is renewing them, and until when nobody else may.
  holder text,
  held_until timestamptz,
  -- When the service refused to renew them, or refused a pasted token (401), and whether the person was told. Null: not, or it took it since.
  refused_at timestamptz,
  refusal_told boolean not null default false,
  primary key (team, person, connection),
  check ((renewed is null) = (generation = 0))
);
create index personal_connection_to_tell on personal_connection (refused_at) where refused_at is not null and not refusal_told;

-- One attempt of a person to grant a token by OAuth. It ends after ten minutes. The next attempt takes its place.
create table personal_grant (
  team text not null,
  person text not null,
  connection text not null,
  -- The version that the connection will have. No attempt has that of another one.
  version int not null,
  -- `browser`: an authorization code comes to a listener of the gateway. `device`: a code is entered at the service.
  way text not null check (way in ('browser', 'device')),
  -- browser: waiting → returned → exchanging → granted or failed. device: waiting → polling → granted or failed.
  state text not null default 'waiting' check (state in ('waiting', 'returned', 'exchanging', 'polling', 'granted', 'failed')),
  -- SHA-256 of the state of the authorization request, which is nowhere else.
  state_digest text unique,
  redirect_uri text,
  -- HPKE ciphertexts, each bound to the attempt: PKCE verifier and state; the answer with its code, or the device code.
  verifier bytea,
  answer bytea,
  -- Digest of the number that the page in the browser shows, and how often a wrong one was entered.
  proof text,
  wrong int not null default 0,
  -- What a person enters at the service. It goes when it was shown.
  user_code text,
  verification_uri text,
  poll_at timestamptz,
  poll_seconds int,
  -- Whose the granted tokens are, as the service says. Null when it does not say.
  account text,
  -- HPKE ciphertext of the granted tokens, bound as that of the connection will be.
  key_id text,
  sealed bytea,
  failure text,
  -- Where it was asked for, if that was in a message; the form that is open.
  channel text,
  thread_ts text,
  view_id text,
  told boolean not null default false,
  asked_at timestamptz not null default now(),
  -- When the answer came to the gateway.
  returned_at timestamptz,
  ends_at timestamptz not null default now() + interval '10 minutes',
  primary key (team, person, connection)
);
create index personal_grant_due on personal_grant (coalesce(poll_at, asked_at))
  where state in ('returned', 'polling') or (way = 'device' and state = 'waiting');
create index personal_grant_to_tell on personal_grant (ends_at) where not told and state in ('granted', 'failed', 'polling');
create index personal_grant_lost on personal_grant (returned_at) where state in ('returned', 'exchanging');
create index personal_grant_by_end on personal_grant (ends_at);

-- What people have set for their own direct messages.
create table personal_settings (
  team text not null,
  person text not null,
  -- What the form takes at most.
  instructions text not null default '' check (length(instructions) <= 3000),
  has_instructions boolean not null generated always as (instructions <> '') stored,
  -- The name of a model of the access file. Null: the usual one.
  model text,
  -- Limits of one turn. Null: the installation's.
  steps int check (steps > 0),
  minutes int check (minutes > 0),
  tokens int check (tokens > 0),
  changed_at timestamptz not null default now(),
  primary key (team, person)
);

-- Tests of personal connections: asked for by the gateway, answered by a proxy, told by the gateway, which then removes the row.
create table personal_test (
  -- The message in the outbox that tells what comes of it.
  key text primary key,
  team text not null,
  person text not null,
  connection text not null,
  channel text not null,
  -- Null for one that no message asks for.
  thread_ts text,
  -- Nobody has asked: the connection was entered just now.
  is_new boolean not null default false,
  asked_at timestamptz not null default now(),
  -- A proxy is at it until then.
  taken_until timestamptz,
  -- What the service answered, or the code of the refusal.
  status int,
  code text,
  answered_at timestamptz
);

create index personal_test_waiting on personal_test (asked_at) where answered_at is null;

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
  -- edit: somebody has changed what they wrote. It is read as a note, and begins nothing.
  kind text not null check (kind in ('message', 'stop', 'schedule', 'edit')),
  team text not null,
  channel text not null,
  thread_ts text not null,
  session text not null generated always as (slack_thread(team, channel, thread_ts)) stored,
  ts text not null,
  author text not null,
  author_class text not null default 'unknown',
  -- mention, dm, thread (an untagged message of a thread that has a session), schedule
  address text not null,
  text text not null default '',
  files jsonb not null default '[]',
  -- Slack's ids of the people whom its author tags.
  tags text[] not null default '{}',
  -- Of an edit: the ts of the message, and what it said before.
  edits text,
  text_before text,
  received_at timestamptz not null default now(),
  -- delivered: the agent may read it. answered: the gateway answered itself (status, help, a stop with nothing to stop).
  -- deleted: it was deleted in Slack before a turn read it.
  state text not null default 'received' check (state in ('received', 'delivered', 'refused', 'context', 'answered', 'deleted')),
  -- It was deleted in Slack, and a turn has read it or began for it. A restart leaves it out.
  deleted_at timestamptz,
  -- A stop came after it while it was 'received': it becomes context once its author is known.
  overtaken boolean not null default false,
  -- When Temporal accepted its signal. A delivered row without it is signalled again.
  delivered_at timestamptz,
  notice_at timestamptz,
  attempts int not null default 0,
  -- When it is due: at once, or at its next try.
  not_before timestamptz not null default now(),
  -- A worker has claimed the row until then. If the worker dies, another one may claim it afterwards.
  claimed_until timestamptz,
  -- In a thread that works in a person's name: Slack's id of that person, who has confirmed what somebody else wrote.
  confirmed_by text,
  -- The turn that claimed it.
  turn int
);
-- app_mention and message of the same text, delivered five times each, are one.
create unique index inbox_message_once on inbox (ts, channel, team) where kind = 'message';
-- A person asks what became of a message, and gives its channel and ts.
create index inbox_other_at on inbox (ts) where kind <> 'message';
-- The edits of a message that is deleted, or read anew after a restart.
create index inbox_edits on inbox (edits, channel, team) where kind = 'edit';
-- Direct messages that somebody uses: a catch-up reads them.
create index inbox_dm on inbox (team, received_at) where address = 'dm';
create index inbox_undelivered on inbox (session, id) where delivered_at is null and state in ('received', 'delivered');
create index inbox_session on inbox (session, id);
-- Who spoke in a thread of late. A ts that is no number would otherwise not be kept at all.
create index inbox_said on inbox (session, (ts::numeric)) where kind = 'message' and ts ~ '^\d+\.\d+$';
-- Whose thread is to be told that they wait.
create index inbox_overdue on inbox (received_at)
  where delivered_at is null and state in ('received', 'delivered') and notice_at is null;
-- What retention deletes first, and what it keeps as long as the thread is there.
create index inbox_done on inbox (received_at) where turn is not null or kind = 'stop' or state in ('refused', 'answered', 'deleted');
create index inbox_unread_time on inbox (received_at)
  where not (turn is not null or kind = 'stop' or state in ('refused', 'answered', 'deleted'));
-- What no turn has read yet.
create index inbox_unread on inbox (session, id)
  where turn is null and state in ('delivered', 'context') and kind in ('message', 'schedule', 'edit');
create index inbox_of_turn on inbox (session, turn) where turn is not null;
-- What Temporal has taken and no turn has read, by how long that is.
create index inbox_left on inbox (delivered_at)
  where turn is null and state = 'delivered' and kind in ('message', 'schedule');

-- When a channel was last served: the next row is of the channel that was served longest ago.
create table inbox_served (
  team text not null,
  channel text not null,
  served_at timestamptz not null,
  primary key (team, channel)
);

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
  -- The turn that fixed them. Turns up to forgotten_turn are not in the context any more: the thread was restarted after them.
  instructions_turn int not null default 0,
  forgotten_turn int not null default 0,
  -- The press of the button that has the thread forgotten, by its row in inbox: what came before it and was not read by then is never read.
  forgotten_entry bigint not null default 0,
  -- Slack's id of the person whose connections its sandbox may have been served, and in whose turns alone it works on. Null: nobody's.
  owner text,
  -- Slack's id of the one person whose words its turns have read so far. Empty: several people's, an app's or a schedule's too. Null:
  -- nobody's yet. It stays when what was read is deleted.
  heard text,
  -- When the first message of its thread was deleted in Slack: it works no more, and nothing is posted there.
  root_deleted_at timestamptz,
  -- Slack's id of who has muted the thread: only mentions are heard. Null: it is not muted. And the key of the notice that says so.
  muted_by text,
  muted_notice text,
  -- The agent's user in this session's sandbox.
  agent_uid int not null default nextval('agent_uid') unique,
  -- The newest run of its workflow and the number that was given to it; contracts/fence.ts says what they are for.
  run_id text,
  runs int not null default 0,
  -- The newest fence that wrote anything. A write with a lower one is late and changes nothing.
  fence_run int not null default 0,
  fence_count int not null default 0,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);
create index session_time on session (changed_at);
create index session_open on session (changed_at) where state <> 'closed';
create index session_place on session (channel, thread_ts);

-- The model that people have chosen for a thread. It may be chosen before the thread has a session.
create table thread_model (
  session text primary key,
  model text not null,
  chosen_by text not null,
  chosen_at timestamptz not null default now()
);
create index thread_model_time on thread_model (chosen_at);

create table access_snapshot (
  id uuid primary key default gen_random_uuid(),
  session text not null references session (id),
  turn int not null,
  policy_version int not null,
  access jsonb not null,
  -- The tools of MCP servers that the turn is offered, by their digests, and what the model is told of the servers.
  tools jsonb not null default '{"offered": [], "notes": []}',
  taken_at timestamptz not null default now(),
  unique (session, turn)
);
create index access_snapshot_time on access_snapshot (taken_at);

-- An MCP server as it was last asked for its tools: of the access file, of a person, or in the sandbox of a session.
create table mcp_server (
  -- Whose it is: empty for the connection of the access file, else the scope of the person or the id of the session.
  owner text not null default '',
  connection text not null,
  -- With another address it is another server, and nothing of it is approved.
  url text not null,
  -- Digests of what it listed last, in its order. Null until it was heard for the first time.
  listed text[],
  listed_at timestamptz,
  -- When somebody last began to ask, so that of several runners one asks.
  asked_at timestamptz not null,
  -- Why it could not be heard. Null when it was.
  problem text,
  -- It did not accept the credential.
  is_refused boolean not null default false,
  -- Of a person's server: a turn wants its list anew.
  wanted boolean not null default false,
  primary key (owner, connection)
);
create index on mcp_server (asked_at) where wanted;
create index on mcp_server (asked_at) where owner <> '';
create index on mcp_server (asked_at) where owner = '';

-- A tool in one definition: as it is listed, as it was approved, or both. Everything else is deleted at each listing.
create table mcp_tool (
  owner text not null default '',
  connection text not null,
  digest text not null,
  name text not null,
  definition jsonb not null,
  -- Why no model can be given it. Null when one can.
  problem text,
  -- Null while an administrator has not seen it.
  approved_at timestamptz,
  primary key (owner, connection, digest),
  foreign key (owner, connection) references mcp_server on delete cascade
);
-- What waits for an administrator is looked for over all people.
create index on mcp_tool (connection, digest) where approved_at is null;

create table turn (
  session text not null references session (id),
  number int not null,
  -- Session and fence of the asking that began it: a repeated `beginTurn` finds its own turn by this.
  claim text not null unique,
  -- The message that began it. What was said after a later stop belongs to the next turn.
  begun_by bigint,
  requester text not null,
  -- Slack's ids of everybody whose words for the agent it has read, in their order.
  steered_by text[] not null default '{}',
  -- What the agent means to do, for people, and the step that has said it: {step, items: [{step, state}]}.
  plan jsonb,
  state text not null default 'running' check (state in ('running', 'answered', 'stopped', 'limit', 'failed')),
  failure text,
  stopped_by text,
  started_at timestamptz not null default now(),
  -- When its sandbox could run commands.
  sandbox_ready_at timestamptz,
  ended_at timestamptz,
  -- When the housekeeper last found the workflow of this turn open.
  looked_at timestamptz,
  steps int not null default 0,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  injected int not null default 0,
  forwarded int not null default 0,
  blocked int not null default 0,
  bytes_out bigint not null default 0,
  primary key (session, number)
);
-- A session has at most one turn that runs.
create unique index turn_running on turn (session) where state = 'running';
create index turn_time on turn (ended_at);

-- What a person has said of a connection of theirs that the agent of a channel wanted to use in a thread.
create table own_use (
  session text not null references session (id) on delete cascade,
  team text not null,
  person text not null,
  -- The name of what the access file offers: `github`.
  connection text not null,
  -- once: in this turn. thread: in this and later turns that the same person begins. never: they are not asked again.
  decision text not null check (decision in ('once', 'thread', 'never')),
  -- The version of the connection that is allowed. It does not pass to the next one of that name. Null: none is allowed.
  version int,
  turn int not null,
  decided_at timestamptz not null default now(),
  primary key (session, person, connection),
  check ((decision = 'never') = (version is null))
);

-- What somebody did in a thread that works in another person's name. It caused nothing there.
create table held_back (
  id bigint generated always as identity primary key,
  session text not null,
  -- Slack's id of whose name it is, and of who did something.
  owner text not null,
  actor text not null,
  kind text not null check (kind in ('message', 'file', 'edit', 'reaction', 'press', 'bot')),
  -- Slack's `ts` of the message that it is about.
  ts text,
  -- Whether the owner has confirmed it afterwards.
  confirmed boolean not null default false,
  at timestamptz not null default now(),
  unique (session, actor, kind, ts)
);
create index held_back_time on held_back (at);

-- What a person is asked in a thread, and what they chose. A press is judged against this row, under the session's lock.
create table question (
  id uuid primary key default gen_random_uuid(),
  session text not null references session (id) on delete cascade,
  -- The turn that waits. Null for one that no turn asks.
  turn int,
  -- Names the asking: a repeated attempt finds its own question. It is the key of its card in the outbox too.
  key text not null unique,
  -- What is asked, of whom, with which buttons (contracts/questions.ts).
  asked jsonb not null,
  state text not null default 'open' check (state in ('open', 'answered', 'expired', 'withdrawn')),
  choice text,
  chosen_by text,
  -- What was entered in the form of the choice, until the turn ends.
  given jsonb not null default '{}',
  asked_at timestamptz not null default now(),
  expires_at timestamptz not null,
  closed_at timestamptz,
  -- When its session was signalled that it is closed.
  told_at timestamptz,
  check ((state = 'answered') = (choice is not null) and (choice is null) = (chosen_by is null)),
  check ((state = 'open') = (closed_at is null))
);
create index question_of_turn on question (session, turn);
create index question_open on question (expires_at) where state = 'open';
create index question_untold on question (closed_at) where told_at is null and state in ('answered', 'expired');
create index question_of_no_turn on question (closed_at) where turn is null;

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
create index transcript_turn on transcript (session, turn, step);
create index transcript_summary on transcript (session, seq) where role = 'summary';
create index transcript_time on transcript (at);

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
  -- What kept its attempts from succeeding: for each cause how often, and how much of its budget of time is used up.
  trouble jsonb not null default '{}',
  -- Whether the call may have had an effect; a command says it by its incarnation instead.
  begun boolean not null default false,
  -- Of the sandbox in which its command was first started.
  incarnation text,
  started_at timestamptz,
  ended_at timestamptz,
  primary key (session, turn, number)
);
create index step_open on step (session, turn, number) where state in ('pending', 'running');
create index step_output_time on step (ended_at) where output is not null;

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
  -- Of the input: what the vendor had kept, and what it keeps from now on.
  cached_tokens int not null default 0,
  cache_write_tokens int not null default 0,
  -- By the price of the model when it was called. Null: it has none.
  cost numeric,
  currency text,
  at timestamptz not null default now(),
  unique (session, turn, step)
);
create index model_usage_time on model_usage (at);

-- Runners and sandboxes -----------------------------------------------------------------------------

create table runner (
  id text primary key,
  -- How many turns may be at work on it at once.
  capacity int not null,
  runtime text not null,
  -- What it lacks to run a sandbox. Only a runner that lacks nothing is given work.
  lacks text[] not null default '{}' check (lacks <@ array['engine', 'image', 'proxy']),
  -- How much the sandboxes have that it makes now.
  tools text not null default 'base' check (tools in ('base', 'full')),
  draining boolean not null default false,
  started_at timestamptz not null default now(),
  beat_at timestamptz not null default now()
);

create table sandbox (
  -- Short and safe for container names and socket paths.
  id text primary key,
  session text not null unique references session (id),
  channel text not null generated always as (channel_of(session)) stored,
  runner text not null,
  -- What became of its container.
  state text not null default 'placed' check (state in ('placed', 'running', 'paused', 'removed')),
  -- The turn that holds a place on the runner for it; null while the sandbox rests.
  working_turn int,
  has_workspace boolean not null default false,
  -- Somebody had the thread forgotten: what the turns up to this one have left in the workspace is removed before the next one works there.
  forget_turn int,
  -- Names this life of the container; a restarted one has another.
  incarnation text,
  -- The last turn after which the agent's processes were ended.
  settled_turn integer not null default 0,
  -- The reaper claims a row before it removes anything.
  reaper_claim timestamptz,
  changed_at timestamptz not null default now()
);
-- Rows that hold a place: at most as many as all runners have places.
create index sandbox_at_work on sandbox (runner, channel) where working_turn is not null;
-- Rows that have a container.
create index sandbox_held on sandbox (runner, changed_at) where state <> 'removed';
-- Rows whose workspace files are all that is left.
create index sandbox_kept on sandbox (runner, changed_at) where state = 'removed' and has_workspace;

-- A turn that waits for a place. The row is gone as soon as its workflow knows the place, or the turn has ended.
create table place_request (
  session text primary key references session (id) on delete cascade,
  turn int not null,
  channel text not null generated always as (channel_of(session)) stored,
  -- The runner that holds the session's files; null when any runner will do.
  home text,
  asked_at timestamptz not null default clock_timestamp(),
  -- When the turn came to its first tool call. Before that it can do without a sandbox.
  needed_at timestamptz,
  -- The place is granted, and the workflow does not know it yet.
  granted_at timestamptz,
  -- When the workflow was last signalled that its place is granted.
  told_at timestamptz,
  -- When the thread was last told where it stands in line.
  said_at timestamptz,
  -- The runner whose files are lost, when the place is on another one.
  lost_from text
);
create index place_request_waiting on place_request (channel, (needed_at is null), asked_at) where granted_at is null;
create index place_request_granted on place_request (granted_at) where granted_at is not null;

-- When each channel was last given a place: the one that was served longest ago comes first.
create table place_channel (
  channel text primary key,
  served_at timestamptz not null
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
  -- How many requests the row stands for. Past the limit of its turn, requests of one kind share a row.
  requests bigint not null default 1,
  -- What it did in a repository of a forge; null elsewhere. A ref is its whole name.
  operation text,
  repository text,
  ref text,
  pull_request int,
  -- The tool of an MCP server that it called. The connection is the server.
  tool text,
  stored_at timestamptz not null default now()
);
create index egress_event_turn on egress_event (session, turn, at);
create index egress_event_session on egress_event (session, at);
create index egress_event_time on egress_event (stored_at);
-- When a connection was last used, and last refused.
create index egress_event_connection on egress_event (connection, outcome, at) where connection is not null;
-- From a pull request or a branch to the thread that made it. Reading is most of the traffic, and is not looked for.
create index egress_event_repository on egress_event (lower(repository), at) where ref is not null or pull_request is not null;

-- What is to be said in Slack -----------------------------------------------------------------------

-- A row is one thing to be seen in Slack, kept as the wanted state: the sender makes Slack agree with it.
create table outbox (
  id bigint generated always as identity primary key,
  -- The key of one logical message. Writes with the same key change that message: `<turn>/working`, `<inbox id>/refusal`, …
  key text not null unique,
  -- The opaque mark in the message's metadata, by which an unsure attempt finds its own message again.
  mark uuid not null default gen_random_uuid() unique,
  kind text not null check (kind in ('message', 'reaction', 'status', 'file', 'ephemeral')),
  team text not null,
  channel text not null,
  thread_ts text,
  -- The thread it belongs to; null while it opens one of its own.
  session text generated always as (slack_thread(team, channel, thread_ts)) stored,
  body jsonb not null,
  revision int not null default 1,
  sent_revision int not null default 0,
  final boolean not null default false,
  slack_ts text,
  -- Slack's id of the file, once Slack has its bytes.
  slack_file text,
  -- Slack shows the message growing (store/streams.ts): 'new' until Slack has begun it, 'open' while pieces are added, 'blind' when
  -- it is not known what it has or it takes no more, 'ended' when it does not grow any more. Null: it never did.
  stream text check (stream in ('new', 'open', 'blind', 'ended')),
  -- The text that an open one has in Slack.
  streamed text,
  -- A post or completion was begun and its outcome is not known: look before trying again.
  unsure boolean not null default false,
  -- Slack refused the blocks of this revision: it is sent as plain text.
  plain boolean not null default false,
  -- Real failures in a row. Each cause counts for itself, and waiting for a rate limit counts nowhere.
  attempts int not null default 0,
  upload_failures int not null default 0,
  -- How often the thread was looked at since an unsure completion, and the file was not there.
  looks int not null default 0,
  not_before timestamptz not null default now(),
  -- A reaction or status line that is not in Slack by then is dropped.
  expires_at timestamptz,
  -- Names one sender's holding of the row, which lasts until claimed_until.
  claim uuid,
  claimed_until timestamptz,
  -- It waits in its lane (outbox_lane) for a token of its rate limit.
  queued boolean not null default false,
  failed text,
  -- An attempt of a tool that waits until then for what becomes of the post, and tells of a refusal itself.
  awaited_by uuid,
  awaited_until timestamptz,
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  -- When somebody may take it: after its pause, and after a sender that died with it.
  due_at timestamptz generated always as (greatest(not_before, claimed_until)) stored,
  -- How urgent it is: 1 answers and files, 2 notices, 3 live lines, 4 reactions and status lines.
  class smallint not null generated always as (case
    when kind in ('reaction', 'status') then 4
    when body ->> 'kind' = 'notice' then 2
    when not final or body ->> 'kind' = 'gone' then 3
    else 1 end) stored,
  -- The one call of Slack's API that the row needs next. One claim is one call.
  method text not null generated always as (case
    when kind = 'reaction' and body ? 'remove' then 'reactions.remove'
    when kind = 'reaction' then 'reactions.add'
    when kind = 'status' then 'assistant.threads.setStatus'
    when kind = 'ephemeral' then 'chat.postEphemeral'
    when stream = 'new' and not unsure and body ->> 'kind' = 'stream' then 'chat.startStream'
    when stream in ('open', 'blind') and body ->> 'kind' = 'stream' then 'chat.appendStream'
    when stream in ('open', 'blind') then 'chat.stopStream'
    when kind = 'message' and slack_ts is not null and body ->> 'kind' = 'gone' then 'chat.delete'
    when kind = 'message' and slack_ts is not null then 'chat.update'
    when unsure and thread_ts is null then 'conversations.history'
    when unsure then 'conversations.replies'
    when kind = 'message' then 'chat.postMessage'
    when slack_file is not null then 'files.completeUploadExternal'
    else 'files.getUploadURLExternal' end) stored
);
create index outbox_session on outbox (session, id);
create index outbox_time on outbox (created_at);
create index outbox_failed on outbox (created_at) where failed is not null;
create index outbox_at on outbox (slack_ts) where slack_ts is not null and kind <> 'reaction';
create index outbox_unsent_file on outbox ((body ->> 'fileId'))
  where kind = 'file' and sent_revision < revision and failed is null;
-- Not in a lane: just written, or in a pause, or held by a sender.
create index outbox_arrivals on outbox (class, due_at) where not queued and sent_revision < revision and failed is null;
-- How much is due, and since when, by class.
create index outbox_due on outbox (class, due_at) where sent_revision < revision and failed is null;
create index outbox_queue on outbox (team, method, channel, class, id) where queued;
create index outbox_expiring on outbox (expires_at)
  where expires_at is not null and sent_revision < revision and failed is null;
-- Slack's own lines that say that the agent works.
create index outbox_status on outbox (session, sent_at) where kind = 'status';
-- What grows in a thread just now.
create index outbox_growing on outbox (session, id) where stream is not null and not final;
-- How many messages of a workspace grow.
create index outbox_open on outbox (team) where stream in ('open', 'blind');
-- First posts of a thread, which come in order.
create index outbox_first_posts on outbox (session, id)
  where kind in ('message', 'file') and sent_revision = 0 and failed is null;

-- One queue of the outbox: the rows of one channel that need the same call. Channels take turns (claim_outbox).
create table outbox_lane (
  team text not null,
  method text not null,
  channel text not null,
  -- The most urgent class that is queued; null when nothing is.
  class smallint,
  -- The lane with the earliest is served next: when it was served last or, where its channel has a limit of its own
  -- that is used up, when that limit lets it go on.
  turn_at timestamptz not null default 'epoch',
  primary key (team, method, channel)
);
create index outbox_lane_next on outbox_lane (team, method, turn_at) where class is not null;
create index outbox_lane_answers on outbox_lane (team, method, turn_at) where class = 1;
create index outbox_lane_idle on outbox_lane (turn_at) where class is null;

-- Methods that Slack does not offer to this workspace. They are not called until then.
create table slack_refusal (
  team text not null,
  method text not null,
  code text not null,
  until timestamptz not null,
  primary key (team, method)
);

create table file (
  id uuid primary key default gen_random_uuid(),
  session text not null,
  name text not null,
  -- in: somebody attached it; out: a tool posted it; seen: a tool has shown it to the model.
  direction text not null check (direction in ('in', 'out', 'seen')),
  -- In bytes; null until all of them are in file_chunk.
  size bigint,
  -- The sandbox whose workspace holds it.
  placed_in text,
  -- For direction in: the turn that read the message it came with. Before that it is placed in no workspace.
  turn int,
  at timestamptz not null default now()
);
-- The bytes of a file in pieces of 256 kB: nobody has to hold a whole file to pass it on.
create table file_chunk (
  file uuid not null references file (id) on delete cascade,
  seq int not null,
  bytes bytea not null,
  primary key (file, seq)
);
-- Charts and archives do not get smaller by another try.
alter table file_chunk alter column bytes set storage external;
create index file_session on file (session);
create index file_time on file (at);
create index file_unfinished on file (at) where size is null;

create table rate_bucket (
  team text not null,
  method text not null,
  channel text not null default '',
  tokens double precision not null,
  refilled_at timestamptz not null default now(),
  blocked_until timestamptz,
  primary key (team, method, channel)
);

-- What is too old to be kept ------------------------------------------------------------------------

-- Deletes rows by where they lie, and says how many. The caller has locked them, so that they lie there still.
create function delete_rows(of_table regclass, doomed tid[]) returns int
language plpgsql set search_path = public, pg_temp as $$
declare
  deleted int;
begin
  execute format('delete from %s where ctid = any($1)', of_table) using doomed;
  get diagnostics deleted = row_count;
  return deleted;
end
$$;

/*
 * Deletes about `batch` rows of one kind that are older than `before`, and says how many it deleted. Zero means that
 * nothing old is left. Rows that somebody has locked are left for the next call, so that nobody waits for this function.
 *
 * It runs with the rights of the schema's owner: the agent worker may call it, and cannot delete anything itself. Nothing younger
 * than a day is deleted, and never more than about 10,000 rows at once, whatever it is asked for. Which kind holds which tables is said in store/retention.ts.
 *
 * `offset 0` keeps the planner from turning a condition into a join with a whole table: it is asked for the few rows of a batch.
 */
create function delete_old(kind text, before timestamptz, batch int) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  deleted int := 0;
  old record;
  old_sessions text[];
begin
  if before is null or before > now() - interval '1 day' then
    raise exception 'what is younger than a day is not deleted' using errcode = 'check_violation';
  end if;
  -- Null would be no limit at all.
  batch := least(greatest(coalesce(batch, 1), 1), 10000);

  case kind
  when 'egress' then
    deleted := delete_rows('egress_event', array(
      select ctid from egress_event where stored_at < before order by stored_at limit batch for update skip locked));

  when 'outputs' then
    update step set output = null where ctid = any(array(
      select ctid from step where output is not null and ended_at < before
      order by ended_at limit batch for update skip locked));
    get diagnostics deleted = row_count;

  when 'snapshots' then
    deleted := delete_rows('access_snapshot', array(
      select a.ctid from access_snapshot a where a.taken_at < before and not exists (
        select 1 from turn t where t.session = a.session and t.number = a.turn and t.state = 'running' offset 0)
      order by a.taken_at limit batch for update skip locked));

  when 'usage' then
    deleted := delete_rows('model_usage', array(
      select ctid from model_usage where at < before order by at limit batch for update skip locked));

  when 'inbox' then
    -- What waits to be read, also as context, is kept as long as its thread is ('threads').
    deleted := delete_rows('inbox', array(
      select i.ctid from inbox i
      where i.received_at < before and (i.turn is not null or i.kind = 'stop' or i.state in ('refused', 'answered', 'deleted'))
        and i.state <> 'received' and (i.state <> 'delivered' or i.delivered_at is not null)
      order by i.received_at limit batch for update skip locked));

    deleted := deleted + delete_rows('held_back', array(
      select ctid from held_back where at < before order by at limit batch for update skip locked));

  when 'outbox' then
    -- A refusal that is about a place is said once for it, so that it stays known.
    deleted := delete_rows('outbox', array(
      select ctid from outbox
      where created_at < before and (sent_revision >= revision or failed is not null) and (key not like 'refusal/%' or key like 'refusal/slack:%')
      order by created_at limit batch for update skip locked));

  when 'files' then
    -- The beginning of a file that was too large, or that did not come to its end. Nobody reads it, so it goes after a day.
    deleted := delete_rows('file', array(
      select ctid from file where size is null and at < now() - interval '1 day'
      order by at limit batch for update skip locked));
    -- A file that a thread in use still has to place in its workspace is kept, and so is one that Slack does not have yet.
    deleted := deleted + delete_rows('file', array(
      select f.ctid from file f
      where f.at < before and f.size is not null
        and (f.direction <> 'in' or f.placed_in is not null
          or not exists (select 1 from session s where s.id = f.session and s.changed_at >= before offset 0))
        and not exists (select 1 from outbox o where o.kind = 'file' and o.sent_revision < o.revision and o.failed is null
                        and o.body ->> 'fileId' = f.id::text offset 0)
      order by f.at limit batch for update skip locked));

  when 'transcripts' then
    -- A thread that nobody used loses its whole transcript at once: half of one could begin with a result without its call.
    -- A turn begins by locking the session. So no turn reads a transcript while it is being deleted.
    old_sessions := array(
      select t.session from transcript t
      where t.at < before and (select s.changed_at from session s where s.id = t.session) < before
      order by t.at limit batch);
    old_sessions := array(
      select id from session where id = any(old_sessions) and changed_at < before for update skip locked);
    delete from transcript where session = any(old_sessions);
    get diagnostics deleted = row_count;
    -- A thread in use loses what a summary has replaced.
    deleted := deleted + delete_rows('transcript', array(
      select t.ctid from transcript t
      where t.at < before and exists (
        select 1 from transcript summary
        where summary.session = t.session and summary.role = 'summary' and summary.seq > t.seq
          and (t.role = 'summary' or (summary.content ->> 'upTo')::bigint >= t.seq) offset 0)
      order by t.at limit batch for update skip locked));

  when 'threads' then
    -- A turn goes with its steps and its snapshot. The newest turn of a thread in use stays: the next number follows from it.
    for old in
      select t.session, t.number from turn t
      where t.ended_at < before and t.state <> 'running'
        and ((select s.changed_at from session s where s.id = t.session) < before
          or t.number < (select max(newest.number) from turn newest where newest.session = t.session))
      order by t.ended_at limit greatest(batch / 20, 1) for update skip locked
    loop
      delete from step where session = old.session and turn = old.number;
      delete from access_snapshot where session = old.session and turn = old.number;
      delete from question where session = old.session and turn = old.number;
      delete from turn where session = old.session and number = old.number;
      deleted := deleted + 1;
    end loop;
    -- What no turn has asked goes with no turn.
    deleted := deleted + delete_rows('question', array(
      select ctid from question where turn is null and closed_at < before
      order by closed_at limit batch for update skip locked));
    -- A thread goes when nothing of it is left but its own row and that of its sandbox. Turns and transcripts go oldest first, so
    -- that only the oldest threads can be ready: the others are not asked.
    old_sessions := array(select id from session where changed_at < before order by changed_at limit batch);
    old_sessions := array(
      select s.id from session s
      where s.id = any(old_sessions) and s.changed_at < before
        and not exists (select 1 from turn where turn.session = s.id offset 0)
        and not exists (select 1 from transcript where transcript.session = s.id offset 0)
      for update skip locked);
    delete from access_snapshot where session = any(old_sessions);
    delete from sandbox where session = any(old_sessions);
    delete from session where id = any(old_sessions);
    deleted := deleted + cardinality(old_sessions);
    -- What was chosen for a thread goes with it.
    deleted := deleted + delete_rows('thread_model', array(
      select m.ctid from thread_model m
      where m.chosen_at < before and not exists (select 1 from session s where s.id = m.session offset 0)
      order by m.chosen_at limit batch for update skip locked));
    -- What nobody read in a thread that is gone or never came to be. What is still to be delivered stays.
    deleted := deleted + delete_rows('inbox', array(
      select i.ctid from inbox i
      where i.received_at < before and not (i.turn is not null or i.kind = 'stop' or i.state in ('refused', 'answered', 'deleted'))
        and (i.state = 'context' or i.delivered_at is not null)
        and not exists (select 1 from session s where s.id = i.session offset 0)
      order by i.received_at limit batch for update skip locked));

  when 'directory' then
    deleted := delete_rows('person', array(
      select ctid from person where seen_at < before order by seen_at limit batch for update skip locked));
    -- A channel is kept while the access file, a schedule or a thread names it.
    deleted := deleted + delete_rows('channel', array(
      select c.ctid from channel c
      where c.seen_at < before
        and not exists (select 1 from session s where s.channel = c.id and s.team = c.team offset 0)
        and not exists (select 1 from schedule s where s.channel = c.id and s.team = c.team offset 0)
        -- An administrator's word about a channel is kept as long as its pattern is in force.
        and not exists (select 1 from channel_verdict v where v.channel = c.id and v.team = c.team offset 0)
        and not exists (
          select 1 from policy p where p.version = (select max(version) from policy)
            and p.document -> 'scopes' @> jsonb_build_array(jsonb_build_object('scope', 'channel:' || c.team || ':' || c.id)))
      order by c.seen_at limit batch for update skip locked));
    deleted := deleted + delete_rows('runner', array(
      select ctid from runner where beat_at < before limit batch for update skip locked));
    deleted := deleted + delete_rows('rate_bucket', array(
      select ctid from rate_bucket where refilled_at < before limit batch for update skip locked));
    -- When a channel was served last matters no more; without a row it counts as not served yet.
    deleted := deleted + delete_rows('inbox_served', array(
      select ctid from inbox_served where served_at < before limit batch for update skip locked));
    deleted := deleted + delete_rows('place_channel', array(
      select ctid from place_channel where served_at < before limit batch for update skip locked));
    deleted := deleted + delete_rows('outbox_lane', array(
      select ctid from outbox_lane where class is null and turn_at < before
      order by turn_at limit batch for update skip locked));

  when 'policies' then
    deleted := delete_rows('policy', array(
      select ctid from policy
      where applied_at < before and version < (select max(version) from policy)
      order by version limit batch for update skip locked));
    deleted := deleted + delete_rows('refresh_token', array(
      select ctid from refresh_token where used_at < before order by used_at limit batch for update skip locked));

  else
    raise exception 'nothing is known of the retention of %', kind using errcode = 'invalid_parameter_value';
  end case;
  return deleted;
end
$$;

-- A token bucket as it is now. A new one is full.
create function refill_bucket(of_team text, of_method text, of_channel text, capacity float8, per_second float8)
  returns rate_bucket
  language sql
  as $$
    insert into rate_bucket as bucket (team, method, channel, tokens) values (of_team, of_method, of_channel, capacity)
    on conflict (team, method, channel) do update
    set tokens = least(capacity, bucket.tokens
          + per_second * greatest(extract(epoch from clock_timestamp() - bucket.refilled_at), 0)),
        refilled_at = clock_timestamp()
    returning bucket.*
  $$;

-- When a bucket has a token beside the reserve.
create function ready_at(bucket rate_bucket, reserve float8, per_second float8) returns timestamptz
  language sql
  as $$
    select greatest(
      bucket.blocked_until,
      bucket.refilled_at + interval '1 second'
        * greatest(1 + reserve - bucket.tokens, 0) / per_second)
  $$;

-- Whether a thread has an earlier first post that is as urgent and not in Slack yet.
create function has_earlier_post(of_session text, of_id bigint, of_class int) returns boolean
  language sql stable
  as $$
    select exists (
      select 1 from outbox
      where session = of_session and id < of_id and kind in ('message', 'file') and sent_revision = 0 and failed is null
        and stream is null and class <= of_class and created_at > now() - interval '10 minutes')
  $$;

-- Puts rows that are due into their lanes, and drops what has expired. Returns how many rows it looked at.
--
-- It runs before each claim and mostly finds nothing. PostgreSQL would plan its statements anew each time, because a plan
-- for the very number of rows looks cheaper than one for any; that took ten times as long as looking.
create function queue_outbox(batch int) returns int
  language plpgsql
  set enable_seqscan = off
  set plan_cache_mode = force_generic_plan
  as $$
declare
  at timestamptz := clock_timestamp();
  looked int := 0;
  judged_now int;
  put_back bigint[];
begin
  update outbox set failed = 'expired', queued = false, claim = null, claimed_until = null
  where id in (
    select id from outbox
    where expires_at <= at and sent_revision < revision and failed is null and (claimed_until is null or claimed_until <= at)
    order by expires_at limit batch for update skip locked);

  -- Class by class, so that many arriving reactions do not hold up an answer.
  for of_class in 1..4 loop
    with due as materialized (
      select id, session, kind, slack_ts, stream from outbox
      where class = of_class and due_at <= at and not queued and sent_revision < revision and failed is null
      order by due_at limit batch - looked for update skip locked
    ), judged as (
      -- A first post waits for the first posts before it in its thread that are as urgent, but not for ever. It is put
      -- back for ten seconds; the sender makes it due at once when the one before it is in Slack. First words do not wait.
      select id, kind in ('message', 'file') and slack_ts is null and stream is null and has_earlier_post(session, id, of_class) as waits
      from due
    ), moved as (
      update outbox set claim = null, claimed_until = null, queued = not waits,
        not_before = case when waits then at + interval '10 seconds' else not_before end
      from judged where outbox.id = judged.id
      returning outbox.id, outbox.team, outbox.method, outbox.channel, outbox.queued
    ), lanes as (
      insert into outbox_lane (team, method, channel, class)
      select distinct team, method, channel, of_class from moved where queued
      on conflict (team, method, channel) do update
      -- A lane that waits for the reserve of its limit to fill does not wait any more when an answer comes.
      set turn_at = case when outbox_lane.class > excluded.class then least(outbox_lane.turn_at, at) else outbox_lane.turn_at end,
          class = least(outbox_lane.class, excluded.class)
    )
    select count(*), array_agg(id) filter (where not queued) into judged_now, put_back from moved;
    looked := looked + judged_now;
    -- 1. The statement above began when an earlier post was not marked as sent, and puts a row back.
    -- 2. Meanwhile that post's sender marked it and made the row due, before the row was put back.
    -- Therefore those put back are looked at once more, by a new statement, which sees what is committed by now. A
    -- sender that comes later than this finds the row locked, and makes it due when we are done.
    update outbox set not_before = at
    where id = any(put_back) and not has_earlier_post(session, id, of_class);
    exit when looked >= batch;
  end loop;
  return looked;
end
$$;

-- Grants tokens of Slack's rate limits to lanes in turn, and claims one row for each token: a row that cannot be sent is
-- never claimed. `limits` is a list of {method, capacity, per_second, reserve, live_reserve, per_channel}, the most important
-- first. `reserve` tokens of a bucket, and `spare` of the `room`, are left to answers. Live lines and signs leave `live_reserve` of a
-- channel's bucket.
-- It is a function, and so one statement, for this reason:
-- 1. One sender at a time may grant; the advisory lock sees to it.
-- 2. A process can be frozen between two statements of a transaction, for minutes, and keeps its locks.
-- 3. PostgreSQL runs one statement to its end, whatever its client does.
-- Therefore no frozen process keeps the lock.
create function claim_outbox(of_team text, limits jsonb, room int, spare int, lease interval) returns setof outbox
  language plpgsql
  set enable_seqscan = off
  as $$
declare
  batch constant int := 500;
  bucket_limit record;
  bucket rate_bucket;
  lane outbox_lane;
  item outbox;
  at timestamptz;
  next_at timestamptz;
  next_class smallint;
  reserve float8;
  answers_only boolean;
begin
  perform pg_advisory_xact_lock(8245109);
  for round in 1..10 loop
    exit when queue_outbox(batch) < batch;
  end loop;

  for bucket_limit in
    select * from jsonb_to_recordset(limits)
      as l(method text, capacity float8, per_second float8, reserve float8, live_reserve float8, per_channel boolean)
  loop
    bucket := null;
    -- Bounded, for not every turn ends with a row: a lane may have no token, or its row may be locked.
    for turn in 1..room + 100 loop
      exit when room <= 0;
      at := clock_timestamp();
      answers_only := room <= spare;
      if not bucket_limit.per_channel then
        if bucket is null then
          perform 1 from outbox_lane where team = of_team and method = bucket_limit.method and class is not null limit 1;
          exit when not found;
          bucket := refill_bucket(of_team, bucket_limit.method, '', bucket_limit.capacity, bucket_limit.per_second);
        end if;
        exit when bucket.blocked_until > at or bucket.tokens < 1;
        answers_only := answers_only or bucket.tokens < 1 + bucket_limit.reserve;
      end if;

      if answers_only then
        select * into lane from outbox_lane
        where team = of_team and method = bucket_limit.method and class = 1
          and turn_at <= case when bucket_limit.per_channel then at else 'infinity' end
        order by turn_at limit 1;
      else
        select * into lane from outbox_lane
        where team = of_team and method = bucket_limit.method and class is not null
          and turn_at <= case when bucket_limit.per_channel then at else 'infinity' end
        order by turn_at limit 1;
      end if;
      exit when not found;

      if bucket_limit.per_channel then
        bucket := refill_bucket(of_team, bucket_limit.method, lane.channel, bucket_limit.capacity, bucket_limit.per_second);
        reserve := case lane.class when 1 then 0 when 2 then bucket_limit.reserve else bucket_limit.live_reserve end;
        next_at := ready_at(bucket, reserve, bucket_limit.per_second);
        if next_at > greatest(at, bucket.refilled_at) then
          update outbox_lane set turn_at = next_at
          where team = of_team and method = lane.method and channel = lane.channel;
          continue;
        end if;
      end if;

      select * into item from outbox
      where team = of_team and method = lane.method and channel = lane.channel and queued
        and (class = 1 or not answers_only)
        and (class = 1 or bucket.tokens >= 1 + bucket_limit.reserve)
        and (class <= 2 or not bucket_limit.per_channel or bucket.tokens >= 1 + bucket_limit.live_reserve)
      order by class, id limit 1 for update skip locked;
      if found then
        update outbox set queued = false, claim = gen_random_uuid(), claimed_until = at + lease
        where id = item.id returning * into item;
        update rate_bucket set tokens = tokens - 1
        where team = of_team and method = lane.method and channel = bucket.channel
        returning * into bucket;
        room := room - 1;
        return next item;
      end if;

      select class into next_class from outbox
      where team = of_team and method = lane.method and channel = lane.channel and queued
      order by class, id limit 1;
      if not found then next_class := null; end if;
      next_at := clock_timestamp();
      if bucket_limit.per_channel then
        -- An empty lane waits for a token only, because what comes next may be an answer.
        reserve := case when next_class = 2 then bucket_limit.reserve when next_class > 2 then bucket_limit.live_reserve else 0 end;
        next_at := greatest(next_at, ready_at(bucket, reserve, bucket_limit.per_second));
      end if;
      update outbox_lane set class = next_class, turn_at = next_at
      where team = of_team and method = lane.method and channel = lane.channel;
    end loop;
  end loop;
end
$$;
