-- What each process may do in the database. Everything is taken first and given anew, so this file is the whole truth.
-- :"gateway" and the like stand for the role of one installation (store/roles.ts).

revoke all on all tables in schema public from :"gateway", :"agent", :"runner", :"proxy", :"admin", :"console";
revoke all on all sequences in schema public from :"gateway", :"agent", :"runner", :"proxy", :"admin", :"console";
revoke all on schema public from :"gateway", :"agent", :"runner", :"proxy", :"admin", :"console";
revoke create on schema public from public;
grant usage on schema public to :"gateway", :"agent", :"runner", :"proxy", :"admin", :"console";

-- gateway: Slack on one side, inbox and outbox on the other. Never what a model was told, never a credential.
grant select, insert, update on inbox, outbox, channel, person, rate_bucket, slack_watermark to :"gateway";
grant delete on rate_bucket to :"gateway";
grant select, insert, update on file to :"gateway";
-- A session's row is made with its first message.
grant select, insert, update (permalink) on session to :"gateway";
grant usage on sequence agent_uid to :"gateway";
grant select (session, turn, number, kind, tool) on step to :"gateway";
grant select on turn, policy, schedule, installation to :"gateway";

-- agent: sessions, turns and models. Reads what came in, writes what is to be said.
grant select, insert, update on session, turn, step, outbox to :"agent";
grant select, insert on transcript, model_usage, access_snapshot to :"agent";
grant update on model_usage to :"agent";
grant usage on sequence agent_uid to :"agent";
grant select, insert, update on inbox to :"agent";
grant select, insert on file to :"agent";
grant select, insert, update on sandbox to :"agent";
grant select on runner, channel, person, policy, schedule, egress_event, installation to :"agent";

-- runner: containers and tool calls of its own machine.
grant select, insert, update, delete on runner to :"runner";
grant select, insert, update, delete on sandbox to :"runner";
grant select, update on step to :"runner";
grant select, insert on transcript to :"runner";
-- For read_thread: what was said in the session's own thread.
grant select (team, channel, thread_ts, kind, state, author, author_class, text, received_at) on inbox to :"runner";
grant select (team, id, name) on person to :"runner";
grant select on session, turn, access_snapshot, egress_event, installation to :"runner";
grant update (sandbox_ready_at, injected, forwarded, blocked, bytes_out) on turn to :"runner";
grant select, insert on file to :"runner";
grant update (placed_in) on file to :"runner";
grant select, insert, update on outbox to :"runner";

-- proxy: the only one that reads sealed credentials; it alone has the key to open them.
grant select on installation, policy, credential to :"proxy";
grant select, insert on egress_event to :"proxy";

-- admin: the command line. Enters credentials and never reads one back.
grant select, insert on policy to :"admin";
grant insert, delete on credential to :"admin";
grant select (connection, version, key_id, created_at) on credential to :"admin";
grant select, insert, update, delete on schedule to :"admin";
grant select on installation, channel, person, inbox, outbox, session, turn, step, model_usage, runner, sandbox,
  access_snapshot, egress_event to :"admin";
grant update (draining) on runner to :"admin";

-- console: pages that show. No message text beyond what Slack shows anyway, no file, no sealed credential.
grant select on installation, channel, person, inbox, outbox, session, turn, runner, sandbox, policy, schedule,
  egress_event, access_snapshot, model_usage to :"console";
grant select (session, turn, number, kind, tool, state, exit_code, truncated, attempt, started_at, ended_at)
  on step to :"console";
grant select (connection, version, key_id, created_at) on credential to :"console";
