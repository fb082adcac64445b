import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderTemplate } from './template.js';

const vars = { name: 'demo', n: 3, leaves: ['l1', 'l2'], ports: { b: 2, a: 1 }, deep: { er: { x: 'y' } }, none: [] };

describe('renderTemplate', () => {
  it.each([
    ['no actions: {}', 'no actions: {}'],
    ['name: {{ .name }}', 'name: demo'],
    ['{{.deep.er.x}} {{ $.name }} {{ .missing }}', 'y demo <no value>'],
    ['{{ if .name }}yes{{ else }}no{{ end }}', 'yes'],
    ['{{ if .none }}a{{ else if eq .n 3 }}b{{ else }}c{{ end }}', 'b'],
    ['{{ range .leaves }}[{{ . }}]{{ end }}', '[l1][l2]'],
    ['{{ range $i, $e := .leaves }}{{ $i }}={{ $e }};{{ end }}', '0=l1;1=l2;'],
    ['{{ range $k, $v := .ports }}{{ $k }}{{ $v }}{{ end }}', 'a1b2'],
    ['{{ range .none }}x{{ else }}empty{{ end }}', 'empty'],
    ['{{ range seq 1 .n }}{{ . }}{{ end }}{{ range $i := seq 2 }}{{ $i }}{{ end }}', '12312'],
    ['{{ with .deep.er }}{{ .x }}{{ $.n }}{{ end }}', 'y3'],
    ['{{ $x := add .n 1 }}{{ mul $x 2 }} {{ sub 5 .n }} {{ math.Add 1 2 3 }}', '8 2 6'],
    ['{{ printf "%03d-%s" .n .name }} {{ .n | printf "%d!" }}', '003-demo 3!'],
    ['{{ index .leaves 1 }} {{ len .leaves }} {{ (index .leaves 0) }}', 'l2 2 l1'],
    ['{{ .missing | default "d" }}', 'd'],
    ['{{ if and (gt .n 2) (not .none) }}ok{{ end }}', 'ok'],
    ['a\n  {{- /* nothing */ -}}\n b', 'ab'],
    ['{{ "a}}b" }}{{ `c` }}', 'a}}bc'],
    ['{{ range .leaves }}\n{{- if ne . "l1" }}{{ . }}{{ end }}{{ end }}', 'l2'],
  ])('renders %j', (text, wanted) => expect(renderTemplate(text, vars)).toBe(wanted));

  it.each([
    ['a\n{{ if .x }}', /line 2: .*has no \{\{ end \}\}/],
    ['{{ end }}', /line 1: .*nothing to end/],
    ['a\nb {{ .x ', /line 2: .*not closed/],
    ['{{ nosuch .x }}', /no function nosuch/],
    ['{{ $y }}', /no variable \$y/],
    ['{{ add "x" 1 }}', /not a whole number/],
    ['{{ }}', /missing/],
    ['{{ (add 1 2 }}', /not closed/],
    ['{{ range "abc" }}{{ end }}', /range cannot go over/],
    ['{{ range seq 100000 }}{{ range seq 100000 }}0123456789{{ end }}{{ end }}', /grows beyond/],
  ])('refuses %j', (text, reason) => expect(() => renderTemplate(text, vars)).toThrow(reason));

  it('either renders or says LC_INVALID, whatever it is given', () => {
    const piece = fc.constantFrom('{{', '}}', '-', ' ', '.', '$x', 'if ', 'range ', 'end', 'else', '"', '(', ')', '|');
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 12 }), (parts) => {
        try {
          renderTemplate(parts.join(''), vars);
        } catch (error) {
          expect(error).toMatchObject({ code: 'LC_INVALID' });
        }
      }),
    );
  });
});
