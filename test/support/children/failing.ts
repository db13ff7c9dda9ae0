/** A child that cannot start. */
process.stderr.write('{"level":60,"msg":"TOKEN: must begin with xapp-"}\n');
process.exit(3);
