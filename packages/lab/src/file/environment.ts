import { LinecardError } from '@linecard/wire';

/**
 * Replaces `${NAME}`, `${NAME:-default}` and `${NAME:=default}` by variables of the environment. Throws `LC_INVALID`
 * with the line for a variable that is not set and has no default.
 */
export function substituteEnvironment(
  file: string,
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  return text.replaceAll(
    /\$\{([A-Za-z_]\w*)(?::?[-=]([^}\n]*))?\}/g,
    (whole, name: string, fallback: string | undefined, at: number) => {
      const value = env[name] || fallback;
      if (value !== undefined) return value;
      const line = text.slice(0, at).split('\n').length;
      throw new LinecardError('LC_INVALID', `${file}:${line}: the variable ${whole} is not set`, {
        hint: `set it in the environment, or write \${${name}:=default}`,
      });
    },
  );
}
