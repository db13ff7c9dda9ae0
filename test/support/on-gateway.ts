import { type GatewayStage, type StageOptions, startGatewayStage } from './gateway-stage.ts';

/**
 * One stage with one gateway for a file of tests.
 * @param use called before the first test
 */
export function onGateway(use: (stage: GatewayStage) => void, options: StageOptions = {}): void {
  let stage: GatewayStage | undefined;

  beforeAll(async () => {
    stage = await startGatewayStage();
    await stage.start(options);
    use(stage);
  }, 60_000);

  afterAll(() => stage?.[Symbol.asyncDispose]());
}
