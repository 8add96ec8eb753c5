//! Templates that try to do harm, shared by the tests of work and of memory.

use attune_template::Limits;

/// Each would take minutes at least, or all memory, if nothing stopped it. `vars.text` is long,
/// `vars.list` has many maps, `vars.lines` and `vars.commas` many parts.
pub(crate) fn cases() -> Vec<String> {
    let mut cases: Vec<String> = [
        // Too many rounds, with and without output.
        "{% for x in range(end=1000000000) %}{% endfor %}",
        "{{ range(end=9223372036854775807) }}",
        "{% for x in range(end=100000) %}{% for y in range(end=100000) %}{% endfor %}{% endfor %}",
        "{% for a in vars.list %}{% for b in vars.list %}{% set z = a.id + b.id %}{% endfor %}{% endfor %}",
        "{% for a in vars.text %}{% for b in vars.text %}{% endfor %}{% endfor %}",
        "{{ [[y for y in range(end=10000)] for x in range(end=10000)] }}",
        "{{ [1 for x in range(end=10000) if (vars.list | length) > (vars.list | map(attribute='id') | sum)] }}",
        // Texts that double.
        "{% set s = 'xxxxxxxxxx' %}{% for x in range(end=60) %}{% set_global s = s ~ s %}{% endfor %}{{ s }}",
        "{% set s = 'x' %}{% for x in range(end=60) %}{% set_global s = s | replace(from='x', to='xxxxxxxx') %}{% endfor %}",
        "{% set s = vars.text %}{% for x in range(end=60) %}{% set_global s = [s, s] | join(sep=s) %}{% endfor %}",
        "{% set s = vars.text %}{% for x in range(end=60) %}{% set_global s = s | regex_replace(pat='x', to='$0$0$0$0') %}{% endfor %}",
        "{{ vars.text | replace(from='', to=vars.text) }}",
        "{{ vars.text | regex_replace(pat='', to=vars.text) }}",
        "{{ vars.lines | indent(width=200, blank=true) }}",
        "{{ vars.list | join(sep=vars.text) }}",
        "{{ range(end=100000) | join(sep=vars.text) }}",
        // Values that double, deepen or are looked at again and again.
        "{% set a = [1] %}{% for x in range(end=90) %}{% set_global a = [a, a] %}{% endfor %}{{ a == a }}",
        "{% set a = {'k': 1} %}{% for x in range(end=90) %}{% set_global a = {'a': a, 'b': a} %}{% endfor %}{{ a }}",
        "{% set a = [1] %}{% for x in range(end=90000) %}{% set_global a = [a] %}{% endfor %}{{ a }}",
        "{% set a = [1, 2] %}{% for x in range(end=60) %}{% set_global a = [...a, ...a] %}{% endfor %}",
        "{% set a = [1, 2] %}{% for x in range(end=60) %}{% set_global a = a | concat(with=a) %}{% endfor %}",
        "{% set a = [1, 2] %}{% for x in range(end=60) %}{% set_global a = a | zip(with=a) | flatten %}{% endfor %}",
        "{% set m = {'a': 1} %}{% for x in range(end=90) %}{% set_global m = {'a': m} | merge(with={'b': m}) %}{% endfor %}",
        "{% for x in range(end=100000) %}{% if vars.list == vars.list %}{% endif %}{% endfor %}",
        "{% for x in range(end=100000) %}{% if x in vars.list %}{% endif %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.text | upper %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.list[::-1] %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.text[5:6] %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.list | to_json | from_json %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.list | sort_by('id') | unique %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.text | sha256 %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.text is matching('(x+x+)+y') %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = 'a' is matching('a' ~ x) %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.list | jsonpath('$..*..*') %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.list | jsonpath('$..*..*..*..*..*..*') %}{% endfor %}",
        // Large and slow patterns.
        "{{ vars.text | regex_match('(a|x)*x(a|x){300}c') }}",
        "{{ vars.text | regex_extract('x.{1000}c') }}",
        "{{ vars.text is matching('(((x{1,100}){1,100}){1,100}){1,100}') }}",
        "{{ vars.text | regex_match(vars.text) }}",
        // Matches that each look for a better one through all of the text.
        "{{ vars.text | regex_replace(pat='.*[^a-z]|[a-z]', to='') }}",
        "{{ vars.text | regex_extract(pat='(?:x+y)|x', all=true) | length }}",
        "{{ vars.text | regex_replace(pat='x(.*!)?', to='') }}",
        // Output.
        "{% for x in range(end=1000) %}{{ vars.text }}{% endfor %}",
        "{% for x in range(end=100000) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}",
        "{{ '1' | format_datetime('%9999999Y') }}",
        "{{ 0 | format_datetime('%999999999Y') }}",
        // YAML and JSON.
        "{{ ('[' ~ vars.text) | from_yaml }}",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    // One match whose replacement repeats it.
    cases.push(format!(
        "{{{{ vars.text | regex_replace(pat='x+', to='{}') }}}}",
        "$0".repeat(20_000)
    ));
    // Deep and long sources.
    cases.push(format!(
        "{{{{ {}1{} }}}}",
        "(".repeat(5_000),
        ")".repeat(5_000)
    ));
    cases.push(format!(
        "{{{{ {}1{} }}}}",
        "[".repeat(5_000),
        "]".repeat(5_000)
    ));
    cases.push(format!("{{{{ {}1 }}}}", "not ".repeat(5_000)));
    cases.push(format!("{{{{ {}1 }}}}", "-".repeat(5_000)));
    cases.push(format!("{{{{ 1{} }}}}", " + 1".repeat(5_000)));
    cases.push(format!("{{{{ 1{} }}}}", " ** 1".repeat(5_000)));
    cases.push(format!("{{{{ vars{} }}}}", "[vars".repeat(2_000)));
    cases.push(format!("{{{{ 1{} }}}}", " if 1 else 1".repeat(3_000)));
    cases.push("{% if true %}".repeat(4_000));
    cases.push(format!(
        "{{% if 1 %}}{}{{% endif %}}",
        "{% elif 1 %}".repeat(5_000)
    ));
    cases.push(format!("{{{{ 1{} }}}}", " | str".repeat(5_000)));
    cases.push(format!("{{{{ vars{} }}}}", ".a".repeat(5_000)));
    cases.push(format!("{{{{ vars{} }}}}", "[0:]".repeat(5_000)));
    cases.push(format!("{{{{ {} }}}}", "[x for x in ".repeat(2_000)));
    cases.push(format!("{{{{ [{}] }}}}", "now(), ".repeat(5_000)));
    cases.push(format!(
        "{}{}",
        "{% for x in [1] %}".repeat(1_000),
        "{% endfor %}".repeat(1_000)
    ));
    cases.push(format!("{{{{ 1 }}}}{}", "x".repeat(Limits::SOURCE_BYTES)));
    cases.push(
        (0..2_000)
            .map(|n| format!("{{% set a{n} = vars.text | upper %}}"))
            .collect(),
    );
    cases
}
