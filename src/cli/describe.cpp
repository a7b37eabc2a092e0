// Completions, man page and reference, all made from the one description of the command line.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.h"
#include "cli/app.h"
#include "cli/words.h"
#include "settings/settings.h"

namespace simswarm::cli {
namespace {

std::vector<const CLI::App*> commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

bool takes_value(const CLI::Option& option) {
  return option.get_expected_max() > 0;
}

// «-j, --jobs N»
std::string option_form(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  if (names.empty()) return option.get_name();
  std::string form = join(names, ", ");
  if (takes_value(option)) form += " " + option.get_type_name();
  return form;
}

// What is drawn from: the value of an option of a fixed set.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kValues{
    {{"--existing", "keep refuse replace"}, {"--layer", "auto overlay links"}, {"--shared-files", "refuse serial"}}};

std::string bash(const CLI::App& app) {
  std::vector<std::string> names;
  std::string cases;
  for (const CLI::App* command : commands(app)) {
    names.push_back(command->get_name());
    cases += fmt::format("    {}) words='{}' ;;\n", command->get_name(), join(long_options(*command), " "));
  }
  std::string values;
  for (const auto& [option, list] : kValues)
    values += fmt::format("    {}) COMPREPLY=($(compgen -W '{}' -- \"$current\")); return ;;\n", option, list);
  return fmt::format(
      "# simswarm completion for bash: source it, or put it into /etc/bash_completion.d/\n"
      "_simswarm() {{\n"
      "  local current=\"${{COMP_WORDS[COMP_CWORD]}}\" previous=\"${{COMP_WORDS[COMP_CWORD-1]}}\" command='' words='' "
      "i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \" {0} \" in *\" ${{COMP_WORDS[i]}} \"*) command=\"${{COMP_WORDS[i]}}\"; break ;; esac\n"
      "  done\n"
      "  case \"$previous\" in\n{1}"
      "    -C|--directory|--state|--results) COMPREPLY=($(compgen -d -- \"$current\")); return ;;\n  esac\n"
      "  case \"$command\" in\n    '') words='{0} --help --version' ;;\n{2}  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  [ ${{#COMPREPLY[@]}} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$current\"))\n"
      "}}\n"
      "complete -o filenames -F _simswarm simswarm\n",
      join(names, " "), values, cases);
}

// A text within single quotes of zsh and fish; brackets and colons are special to _arguments.
std::string quoted(std::string text) {
  return replace_all(std::move(text), "'", "’");
}
std::string zsh_text(const std::string& text) {
  return quoted(replace_all(replace_all(replace_all(text, "[", "("), "]", ")"), ":", "\\:"));
}

std::string zsh_values(const std::string& option) {
  const auto* const found =
      std::find_if(kValues.begin(), kValues.end(), [&](const auto& pair) { return pair.first == option; });
  return found == kValues.end() ? "_files" : fmt::format("({})", found->second);
}

std::string zsh(const CLI::App& app) {
  std::string list;
  std::string cases;
  for (const CLI::App* command : commands(app)) {
    list += fmt::format("    '{}:{}'\n", command->get_name(), zsh_text(command->get_description()));
    cases += fmt::format("    {}) _arguments \\\n", command->get_name());
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        const bool takes = takes_value(*option);
        cases +=
            fmt::format("      '--{}{}[{}]{}' \\\n", name, takes ? "=" : "", zsh_text(option->get_description()),
                        takes ? fmt::format(":{}:{}", zsh_text(option->get_type_name()), zsh_values("--" + name)) : "");
      }
    }
    cases += "      '*:file:_files' ;;\n";
  }
  return fmt::format(
      "#compdef simswarm\n# simswarm completion for zsh: put it into a folder of $fpath as _simswarm\n"
      "_simswarm() {{\n  local -a names\n  names=(\n{}  )\n"
      "  if (( CURRENT == 2 )); then _describe command names; return; fi\n"
      "  local command=$words[2]\n  shift words; (( CURRENT-- ))\n  case $command in\n{}  esac\n}}\n"
      "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _simswarm \"$@\"; else compdef _simswarm simswarm; fi\n",
      list, cases);
}

std::string fish(const CLI::App& app) {
  std::string text = "# simswarm completion for fish: put it into ~/.config/fish/completions/simswarm.fish\n";
  for (const CLI::App* command : commands(app)) {
    text += fmt::format("complete -c simswarm -n __fish_use_subcommand -f -a {} -d '{}'\n", command->get_name(),
                        quoted(command->get_description()));
    for (const CLI::Option* option : command->get_options()) {
      std::string names;
      for (const std::string& name : option->get_snames()) names += " -s " + name;
      for (const std::string& name : option->get_lnames()) names += " -l " + name;
      if (names.empty()) continue;
      text += fmt::format("complete -c simswarm -n '__fish_seen_subcommand_from {}'{}{} -d '{}'\n", command->get_name(),
                          names, takes_value(*option) ? " -r" : "", quoted(option->get_description()));
    }
  }
  return text;
}

// roff: a backslash and a leading dot or quote are special.
std::string roff(std::string text) {
  text = replace_all(replace_all(std::move(text), "\\", "\\\\"), "-", "\\-");
  if (text.starts_with('.') || text.starts_with('\'')) text.insert(0, "\\&");
  return replace_all(std::move(text), "\n", "\n.br\n");
}

}  // namespace

Result<std::string> completion(const CLI::App& app, const std::string& shell) {
  if (shell == "bash") return bash(app);
  if (shell == "zsh") return zsh(app);
  if (shell == "fish") return fish(app);
  return usage_error("completion {}: expected bash, zsh or fish", shell);
}

std::string man_page(const CLI::App& app) {
  std::string text = fmt::format(".TH SIMSWARM 1 \"\" \"simswarm {}\" \"User Commands\"\n.SH NAME\nsimswarm \\- {}\n",
                                 SIMSWARM_VERSION, roff(app.get_description()));
  text += ".SH SYNOPSIS\n.B simswarm\n.I COMMAND\n[\\fIOPTIONS\\fR]\n.SH COMMANDS\n";
  for (const CLI::App* command : commands(app)) {
    text += fmt::format(".SS {}\n{}.\n", roff(command->get_name()), roff(command->get_description()));
    if (!command->get_footer().empty()) text += fmt::format(".PP\n{}\n", roff(command->get_footer()));
    for (const CLI::Option* option : command->get_options()) {
      text += fmt::format(".TP\n.B {}\n{}\n", roff(option_form(*option)), roff(option->get_description()));
    }
  }
  text += ".SH SETTINGS\nThe file simswarm.toml in the working folder.\n";
  for (const SettingKey& key : kSettingKeys) {
    text +=
        fmt::format(".TP\n.B {}\n{}. Expected: {}; default: {}.\n", roff(fmt::format("[{}] {}", key.table, key.name)),
                    roff(std::string(key.meaning)), roff(std::string(key.type)), roff(std::string(key.fallback)));
  }
  return text + fmt::format(".SH EXIT STATUS\n{}\n", roff(app.get_footer()));
}

std::string reference(const CLI::App& app) {
  const auto cell = [](std::string_view text) { return replace_all(std::string(text), "|", "\\|"); };
  std::string text =
      "# Reference\n\nMade by `simswarm document markdown` from the program's own help; do not edit.\n\n";
  for (const CLI::App* command : commands(app)) {
    text += fmt::format("## simswarm {}\n\n{}.\n\n", command->get_name(), command->get_description());
    if (!command->get_footer().empty()) text += fmt::format("```\n{}\n```\n\n", command->get_footer());
    text += "| option | meaning |\n|---|---|\n";
    for (const CLI::Option* option : command->get_options()) {
      text += fmt::format("| `{}` | {} |\n", option_form(*option), cell(option->get_description()));
    }
    text += "\n";
  }
  text += "## simswarm.toml\n\n| table | key | expected | default | meaning |\n|---|---|---|---|---|\n";
  for (const SettingKey& key : kSettingKeys) {
    text += fmt::format("| `[{}]` | `{}` | {} | {} | {} |\n", key.table, key.name, cell(key.type), cell(key.fallback),
                        cell(key.meaning));
  }
  return text + fmt::format("\n{}\n", app.get_footer());
}

}  // namespace simswarm::cli
