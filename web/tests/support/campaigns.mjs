// The campaigns that tests look at: one with values, one with failures, slow ones, one that was built, a hostile one.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { CMDSIM } from './site.mjs';

export const STUDY = `[General]
network = Net
sim-time-limit = 100s
[Config Study]
*.load = \${load=1,2,4,8}
*.interval = \${interval=1s,2s}
repeat = 5
[Config Ill]
*.load = \${load=1,2,3}
*.ill = \${ill="none","error","segv","exit3"}
*.vectors = 0
repeat = 2
[Config Fail]
*.load = \${load=21,22,23}
*.ill = "error"
*.vectors = 0
[Config Fast]
*.load = \${load=1,2}
[Config Steady]
*.load = \${load=1..16}
*.sleep = 1.2
[Config Slow]
*.load = \${load=1..12}
sim-time-limit = 40000s
*.sleep = 120
`;

export const MARKUP = '<img src=x onerror=alert(1)>';
export const RTL = '\u202Egnp.exe';
const SCRIPT = '</script><script>window.__pwned=1</script>';

const HOSTILE = `[General]
network = Net
sim-time-limit = 10s
[Config Hostile]
*.label = \${label="${MARKUP}","${RTL}","${SCRIPT}","escape\u001b[31m"}
*.load = \${load=1,2}
*.ill = \${ill="none","error"}
*.illText = "${MARKUP}"
`;

// Prints a line of a megabyte, escapes and markup around it, before it simulates.
const LOUD = `#!/bin/sh
case " $* " in
*" -q "* | *" -a "* | *" -e "* | *" -h "* | *" -v "*) ;;
*" -r "*)
  echo '${MARKUP}'
  head -c 1000000 /dev/zero | tr '\\0' x
  printf '\\n\\033[1;31mred\\033[0m \\033]0;title\\007 \\033[2J ${MARKUP} ${SCRIPT} \\302\\205 \\342\\200\\256 \\377\\376 end\\n'
  ;;
esac
exec "$(dirname "$0")/engine" "$@"
`;

const MAKEFILE = `sim: note.o
	cp engine sim
note.o: note.c
	@printf '\\033[1;31mcolour\\033[0m of the compiler ${MARKUP}\\n'
	cc -c note.c
`;

// One whose build says something and then takes a while.
export function makeSlowly(site, name) {
  const recipe = "sim: note.o\n\tcp engine sim\nnote.o: note.c\n\t@echo 'a slow step'\n\t@sleep 8\n\tcc -c note.c\n";
  const folder = site.project(name, STUDY, { Makefile: recipe, 'note.c': `int note_of_${name};\n` });
  copyFileSync(CMDSIM, join(folder, 'engine'));
  return folder;
}

export function makeProjects(site) {
  const study = site.project('study', STUDY);
  const hostile = site.project('hostile', HOSTILE, { sim: LOUD });
  copyFileSync(CMDSIM, join(hostile, 'engine'));
  const made = site.project('made', STUDY, { Makefile: MAKEFILE, 'note.c': 'int note;\n' });
  copyFileSync(CMDSIM, join(made, 'engine'));
  const broken = site.project('broken', STUDY, { Makefile: MAKEFILE, 'note.c': `#error "${MARKUP}"\n` });
  copyFileSync(CMDSIM, join(broken, 'engine'));
  return { study, hostile, made, broken };
}
