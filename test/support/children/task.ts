/** A task: says two lines and ends as it is told. */
process.stdout.write('one\ntwo\n');
process.stderr.write('what went wrong\n');
process.exitCode = Number(process.argv[2] ?? 0);
