-- What each process may do in the database. Everything is taken first and given anew, so this file is the whole truth.
-- :"gateway" and the like stand for the role of one installation (store/roles.ts). Columns are named where a process needs only
-- some; test/integration/setup/roles.test.ts has the same list once more and proves what is denied.

revoke all on all tables in schema public from :"gateway", :"agent", :"runner", :"proxy", :"admin", :"console";
revoke all on all sequences in schema public from :"gateway", :"agent", :"runner", :"proxy", :"admin", :"console";
revoke all on schema public from :"gateway", :"agent", :"runner", :"proxy", :"admin", :"console";
revoke create on schema public from public;
revoke all on function delete_old(text, timestamptz, int), delete_rows(regclass, tid[]) from public, :"gateway", :"agent", :"runner", :"proxy", :"admin", :"console";
grant usage on schema public to :"gateway", :"agent", :"runner", :"proxy", :"admin", :"console";

-- gateway: Slack on one side, inbox and outbox on the other. It adds results of tools that work in Slack to what a model is told, and reads none of
-- that. Never a credential.
grant select, insert, update, delete on channel_outsider to :"gateway";
grant select, insert, update on inbox, inbox_served, outbox, outbox_lane, channel, person, rate_bucket, slack_watermark, slack_catch_up, slack_catch_up_place to :"gateway";
grant delete on slack_watermark, slack_catch_up_place to :"gateway";
grant select, insert, update on slack_refusal to :"gateway";
-- A channel that gets another name loses what was said of it for patterns.
grant delete, select (team, channel, name) on channel_verdict to :"gateway";
grant select, insert on file, file_chunk to :"gateway";
grant update (size) on file to :"gateway";
-- Who has a thread forgotten has its files removed.
grant delete on file to :"gateway";
grant select (session, has_workspace, forget_turn), update (has_workspace, forget_turn) on sandbox to :"gateway";
-- A session's row is made with its first message.
grant select, insert, update (permalink, changed_at, heard, root_deleted_at, muted_by, muted_notice, forgotten_turn, forgotten_entry) on session to :"gateway";
grant usage on sequence agent_uid to :"gateway";
grant select, insert, update, delete on thread_model to :"gateway";
-- It runs tools that work in Slack. Other tools' output is not its business.
grant select (session, turn, number, kind, tool, tool_call, arguments, state, exit_code, truncated, attempt, started_at, begun, trouble),
  update (state, exit_code, truncated, output, attempt, started_at, ended_at, begun, trouble) on step to :"gateway";
grant insert on transcript to :"gateway";
grant select on turn, policy, policy_revision, confirmed_channel, mixed_channel to :"gateway";
-- People ask in Slack which tasks are scheduled where they are.
grant select on schedule to :"gateway";
-- What people connect for themselves: sealed with the public key as it comes from Slack, and never read back.
grant select (public_key, key_id, created_at) on installation to :"gateway";
grant insert, delete, select (team, person, connection, version, key_id, expires_at, added_at, way, refused_at, refusal_told), update (refusal_told)
  on personal_connection to :"gateway";
-- What people grant by OAuth: it seals what comes, and moves the sealed tokens when their person has confirmed them.
grant select, insert, delete, update (state, answer, verifier, proof, wrong, user_code, verification_uri, told, failure, returned_at) on personal_grant to :"gateway";
grant usage on sequence personal_version to :"gateway";
-- What people set for their own direct messages, which they read and change in Slack.
grant select, insert, update, delete on personal_settings to :"gateway";
grant select, insert, delete on personal_test to :"gateway";
-- Who connects an MCP server wants its list.
grant select, insert, update on mcp_server to :"gateway";
-- It judges a press against the question. No turn asks by it.
grant select, insert, update on question to :"gateway";
-- What people do in a thread of somebody else.
grant select, insert, update (confirmed) on held_back to :"gateway";

-- agent: sessions, turns and models. Reads what came in, writes what is to be said. Who a session acts as, and as which user
-- its commands run, stays as it was made.
grant select, update (state, instructions, instructions_turn, heard, changed_at, run_id, runs, fence_run, fence_count) on session to :"agent";
grant select, insert, update on turn, step, outbox, model_usage to :"agent";
grant select on slack_refusal to :"agent";
grant select, insert on transcript, access_snapshot, inbox to :"agent";
grant update (state, turn, delivered_at, claimed_until, not_before) on inbox to :"agent";
-- A file that came with a message is placed once a turn has read the message. What tools have shown goes into model calls.
grant select, update (turn) on file to :"agent";
grant select on file_chunk to :"agent";
grant select, insert, update on sandbox, place_channel to :"agent";
grant select, insert, update, delete on place_request to :"agent";
grant select on runner, channel, person, thread_model, policy, policy_revision, confirmed_channel, mixed_channel, schedule, egress_event to :"agent";
-- A turn of a person wants the lists of that person's MCP servers.
grant select, insert, update on mcp_server to :"agent";
grant select on mcp_tool to :"agent";
grant select (team, person, connection, version, way) on personal_connection to :"agent";
-- The end of a turn withdraws its questions.
grant select, update on question to :"agent";
grant select on personal_settings to :"agent";
-- Keys of models, which are sealed for it alone. It reads no other credential.
grant select on model_key to :"agent";
grant select on own_use to :"agent";
-- Deletes what is too old, and nothing else: the function decides what that is.
grant execute on function delete_old(text, timestamptz, int) to :"agent";

-- runner: containers and tool calls of its own machine.
grant select, insert, update on runner to :"runner";
grant select, update on sandbox, step to :"runner";
grant select, insert on transcript, file, file_chunk to :"runner";
grant update (placed_in) on file to :"runner";
-- Whether somebody else waits in a thread to be read.
grant select (team, session, kind, state, author, author_class, received_at, confirmed_by, turn) on inbox to :"runner";
grant select (team, id, name) on person to :"runner";
grant select on session, turn to :"runner";
grant select on applied_environment, policy_revision to :"runner";
-- It asks MCP servers for their tools. What is new or changed waits for an administrator.
grant select, insert, update, delete on mcp_server to :"runner";
grant select, insert, delete on mcp_tool to :"runner";
grant select (session, turn, tools) on access_snapshot to :"runner";
-- A row can only be locked by a role that may change one of its columns: the fence of a turn is checked under this lock.
-- A person whose connection is used in a session becomes its owner.
grant update (changed_at, owner) on session to :"runner";
grant update (sandbox_ready_at, injected, forwarded, blocked, bytes_out, plan) on turn to :"runner";
grant select, insert, update on outbox to :"runner";
-- A tool asks a person.
grant select, insert, update on question to :"runner";
grant select, insert, update on own_use to :"runner";
grant select (team, person, connection, version) on personal_connection to :"runner";

-- proxy: the only one that reads sealed credentials; it alone has the key to open them.
grant select on own_use to :"proxy";
grant select on policy, policy_revision, confirmed_channel, mixed_channel, credential, personal_connection to :"proxy";
-- It answers a test that a person asked for; where that is told is not its business.
grant select (key, team, person, connection, asked_at, taken_until, answered_at), update (taken_until, status, code, answered_at) on personal_test to :"proxy";
-- It exchanges what people grant by OAuth, and renews it. Whose it is stays as it was made.
grant update (generation, renewed, holder, held_until, refused_at, refusal_told) on personal_connection to :"proxy";
grant select (team, person, connection, version, way, state, redirect_uri, verifier, answer, poll_at, poll_seconds, asked_at, ends_at),
  update (state, verifier, answer, user_code, verification_uri, poll_at, poll_seconds, ends_at, account, key_id, sealed, failure) on personal_grant to :"proxy";
-- It stores a refresh token that was replaced, sealed, before it uses the new one.
grant select, insert, update on refresh_token to :"proxy";
grant select, insert, update (requests, bytes_out, bytes_in) on egress_event to :"proxy";

-- admin: the command line. Enters credentials and never reads one back; sees that messages wait, not what they say.
grant select, insert on policy to :"admin";
grant select on policy_revision, confirmed_channel, mixed_channel to :"admin";
grant select, insert, update, delete on channel_verdict to :"admin";
grant insert, delete, select (connection, version, key_id, expires_at, created_at) on credential to :"admin";
grant delete, select (connection) on refresh_token to :"admin";
-- An operator sees what people have connected, and takes it away.
grant delete, select (team, person, connection, version, key_id, expires_at, added_at, way, refused_at) on personal_connection to :"admin";
grant delete, select (team, person, connection) on personal_grant to :"admin";
-- Of what people have set, an operator sees all but the text of their instructions.
grant delete, select (team, person, has_instructions, model, steps, minutes, tokens, changed_at) on personal_settings to :"admin";
grant select, insert, update, delete on schedule to :"admin";
grant select on held_back to :"admin";
grant select on installation, channel, person, session, turn, runner, sandbox, place_request, egress_event to :"admin";
grant select (session, turn, number) on step to :"admin";
grant select on model_usage to :"admin";
grant select (id, kind, state, team, channel, thread_ts, session, ts, author, attempts, received_at, delivered_at, turn) on inbox to :"admin";
grant select (id, kind, team, channel, thread_ts, session, slack_ts, revision, sent_revision, attempts, failed, created_at) on outbox
  to :"admin";
grant update (draining) on runner to :"admin";
grant select on mcp_server, mcp_tool to :"admin";
grant update (approved_at), delete on mcp_tool to :"admin";

-- console: pages that show. No text of anybody, no file, no output of a tool, no credential.
grant select (team, person, connection, version, way) on personal_connection to :"console";
grant select on session, turn, sandbox, policy, policy_revision, confirmed_channel, mixed_channel, access_snapshot, egress_event, held_back to :"console";
grant select (session, turn, number, kind, tool, state, exit_code, truncated, attempt, started_at, ended_at)
  on step to :"console";
grant select (id, key, kind, session, final, sent_at) on outbox to :"console";
