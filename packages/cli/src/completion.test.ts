import { expect, it } from 'vitest';
import { completionScript, type Shell } from './completion.js';
import { buildProgram } from './program.js';

const program = buildProgram();

it.each<Shell>(['bash', 'zsh', 'fish'])('knows every command and option in %s', (shell) => {
  const script = completionScript(program, shell);
  for (const command of program.commands) {
    expect(script).toMatch(new RegExp(`\\b${command.name()}\\b`));
    for (const { long } of command.options) {
      expect(script, `${command.name()} ${long}`).toContain(shell === 'fish' ? `-l ${long!.slice(2)}` : long);
    }
  }
  expect(script).toContain("docker ps --format '");
});

it('offers the choices of an option', () => {
  expect(completionScript(program, 'bash')).toContain("up:--log:*) words='json text auto' ;;");
  expect(completionScript(program, 'fish')).toMatch(/from up' -l log -x -a 'json text auto'/);
  expect(completionScript(program, 'zsh')).toMatch(/'--log\[[^\]]+\]:value:\(json text auto\)'/);
});

it('offers the commands of a group within a group', () => {
  expect(completionScript(program, 'bash')).toContain("ovn:acl:1) words='apply ls rm' ;;");
  expect(completionScript(program, 'zsh')).toContain('[[ $words[2] = acl ]] && echo apply ls rm');
  expect(completionScript(program, 'fish')).toContain("seen_subcommand_from acl' -a 'apply ls rm'");
});

it('offers what any command of a group takes, and files where anything may stand', () => {
  const bash = completionScript(program, 'bash');
  expect(bash).toMatch(/lab:--format:\*\|lab:-f:\*\) words='table json plain svg dot mermaid drawio' ;;/);
  expect(bash).toContain('complete -o default -F _linecard linecard');
  expect(completionScript(program, 'fish')).toMatch(/from lab' -l topo -s t -r -F -d/);
  expect(completionScript(program, 'zsh')).toMatch(/'--topo\[[^\]]+\]:value:_files'/);
});
