import { LinecardError } from '@linecard/wire';

/** Turns the TypeScript of a file into JavaScript (an ES module). Throws `LC_INVALID` where that is no TypeScript. */
export async function transpile(source: string, path: string): Promise<string> {
  // Loaded at need: it is a program of its own that only apps in TypeScript are for.
  const { transform } = await import('esbuild');
  try {
    const { code } = await transform(source, {
      loader: 'ts',
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
      sourcefile: path,
      logLevel: 'silent',
    });
    return code;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LinecardError('LC_INVALID', `${path} is no TypeScript: ${reason}`, { cause });
  }
}
