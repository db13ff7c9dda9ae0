import { getSession } from '../../../store/sessions.ts';
import { inActivity, type RunnerStage, startRunnerStage } from './support/runner-stage.ts';

const APP = 'acme-agent[bot] <7+acme-agent[bot]@users.noreply.hub.test>';

let stage: RunnerStage;

beforeAll(async () => {
  stage = await startRunnerStage();
}, 900_000);
afterAll(() => stage?.[Symbol.asyncDispose](), 60_000);

test.each<[string, () => Promise<string | null>, string]>([
  ['the App that the proxy names', async () => APP, APP],
  ['Bellhop where no forge says who it is', async () => null, 'Bellhop <bellhop@localhost>'],
  ['Bellhop where the proxy does not say', () => Promise.reject(new Error('away')), 'Bellhop <bellhop@localhost>'],
])('commits of a turn are by %s', async (_, commitAuthor, author) => {
  const turn = await stage.turn();
  const asked: string[] = [];
  const proxy = {
    ...stage.world.control,
    commitAuthor: (scope: string) => {
      asked.push(scope);
      return commitAuthor();
    },
  };
  const activities = stage.activitiesWith({ proxy });
  await inActivity(() => activities.provisionSandbox(turn));
  const { scope } = await getSession(stage.database, turn.session);
  expect(asked).toEqual([scope]);

  await stage.openLease(turn);
  const command = `test "$(git config user.name) <$(git config user.email)>" = '${author}'`;
  expect(await inActivity(async () => activities.runTool(await stage.bash(turn, command)))).toMatchObject({
    exitCode: 0,
  });
});
