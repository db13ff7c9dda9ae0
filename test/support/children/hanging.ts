/** A child that is ready at once. At SIGUSR2 its event loop stands still for ever; with an argument, for so many milliseconds. */
const ms = Number(process.argv[2] ?? Number.POSITIVE_INFINITY);

process.on('SIGUSR2', () => {
  const end = performance.now() + ms;
  while (performance.now() < end);
});
process.once('SIGTERM', () => process.exit(0));
process.stdout.write(`${JSON.stringify({ ready: 'hanging' })}\n`);
setInterval(() => {}, 60_000);
