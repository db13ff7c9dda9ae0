/** A child that is ready at once, says what it was given, and stops when asked. */
process.stderr.write(`${JSON.stringify({ environment: Object.keys(process.env).sort() })}\n`);
process.stdout.write(`${JSON.stringify({ ready: 'steady', pid: process.pid })}\n`);
process.once('SIGTERM', () => process.exit(0));
setInterval(() => {}, 60_000);
