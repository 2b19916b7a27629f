#include "cli/completion.h"

#include <fmt/format.h>

#include <vector>

#include "result/result.h"

namespace outrigger::cli {
namespace {

/// What may stand in one place of the command line.
struct Argument {
  std::vector<std::string> names;  ///< "-o", "--output"; empty: it is told by its place
  std::string description;
  bool takes_value = false;
  bool is_file = false;
  std::vector<std::string> choices;  ///< empty: any value
};

struct Parser {
  std::string name;
  std::string description;
  std::vector<Argument> arguments;
};

/// CLI11 says "TEXT:{table,json}" where only some words are allowed.
std::vector<std::string> choices_of(const std::string& type) {
  std::vector<std::string> choices;
  const std::size_t begin = type.find('{');
  const std::size_t end = type.rfind('}');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return choices;
  for (std::size_t at = begin + 1; at < end;) {
    const std::size_t comma = std::min(type.find(',', at), end);
    choices.push_back(type.substr(at, comma - at));
    at = comma + 1;
  }
  return choices;
}

Parser describe(const CLI::App& app) {
  Parser parser{.name = app.get_name(), .description = app.get_description(), .arguments = {}};
  for (const CLI::Option* const option : app.get_options({})) {
    const std::string type = option->get_type_name();
    Argument argument{.names = {},
                      .description = option->get_description(),
                      .takes_value = option->get_items_expected_max() > 0,
                      .is_file = type.starts_with("FILE"),
                      .choices = choices_of(type)};
    for (const std::string& name : option->get_snames()) argument.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) argument.names.push_back("--" + name);
    parser.arguments.push_back(std::move(argument));
  }
  return parser;
}

std::vector<Parser> subcommands_of(const CLI::App& app) {
  std::vector<Parser> parsers;
  for (const CLI::App* const subcommand : app.get_subcommands(std::function<bool(const CLI::App*)>())) {
    CHECK(subcommand->get_subcommands(std::function<bool(const CLI::App*)>()).empty());
    parsers.push_back(describe(*subcommand));
  }
  return parsers;
}

std::string joined(const std::vector<std::string>& words, const char* separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

/// Within single quotes of a shell.
std::string quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string bash_value(const Argument& argument) {
  if (!argument.choices.empty()) {
    return fmt::format("mapfile -t COMPREPLY < <(compgen -W {} -- \"$word\")", quoted(joined(argument.choices, " ")));
  }
  if (argument.is_file) return "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$word\")";
  return "COMPREPLY=()";
}

/// The options of one parser, and what may stand at its places.
std::string bash_of(const Parser& parser) {
  std::string values;
  std::string place = "COMPREPLY=()";
  std::vector<std::string> names;
  for (const Argument& argument : parser.arguments) {
    names.insert(names.end(), argument.names.begin(), argument.names.end());
    if (argument.names.empty()) {
      place = bash_value(argument);
    } else if (argument.takes_value) {
      values += fmt::format("        {}) {} ;;\n", joined(argument.names, " | "), bash_value(argument));
    }
  }
  return fmt::format(
      "    {}:*)\n      case $before in\n{}        *)\n          if [[ $word == -* ]]; then\n            mapfile -t "
      "COMPREPLY < <(compgen -W {} -- \"$word\")\n          else\n            {}\n          fi\n          ;;\n      "
      "esac\n      ;;\n",
      parser.name, values, quoted(joined(names, " ")), place);
}

std::string bash_script(const Parser& program, const std::vector<Parser>& subcommands) {
  std::vector<std::string> names;
  std::string cases;
  for (const Parser& subcommand : subcommands) {
    names.push_back(subcommand.name);
    cases += bash_of(subcommand);
  }
  std::vector<std::string> first = names;
  for (const Argument& argument : program.arguments) {
    first.insert(first.end(), argument.names.begin(), argument.names.end());
  }
  return fmt::format(R"(# bash completion of {0}: source <({0} completion bash)
_{0}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} subcommand='' i
  # --option=value comes as three words.
  if [[ $word == '=' ]]; then word=''; elif [[ $before == '=' ]]; then before=${{COMP_WORDS[COMP_CWORD-2]}}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in
      {1}) subcommand=${{COMP_WORDS[i]}}; break ;;
    esac
  done
  case $subcommand:$before in
    :*) mapfile -t COMPREPLY < <(compgen -W {2} -- "$word") ;;
{3}  esac
}}
complete -F _{0} {0}
)",
                     program.name, joined(names, " | "), quoted(joined(first, " ")), cases);
}

/// A description in zsh's _arguments: brackets end it, a colon parts it.
std::string zsh_text(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string zsh_action(const Argument& argument) {
  if (!argument.choices.empty()) return "(" + joined(argument.choices, " ") + ")";
  return argument.is_file ? "_files" : "";
}

std::string zsh_specs(const Parser& parser) {
  std::string specs;
  for (const Argument& argument : parser.arguments) {
    if (argument.names.empty()) {
      specs += " \\\n        " + quoted("1:" + zsh_text(parser.name) + ":" + zsh_action(argument));
      continue;
    }
    for (const std::string& name : argument.names) {
      const std::string excluded = "(" + joined(argument.names, " ") + ")";
      specs += " \\\n        " + quoted(excluded + name + "[" + zsh_text(argument.description) + "]" +
                                        (argument.takes_value ? ":value:" + zsh_action(argument) : ""));
    }
  }
  return specs;
}

std::string zsh_script(const Parser& program, const std::vector<Parser>& subcommands) {
  std::string names;
  std::string cases;
  for (const Parser& subcommand : subcommands) {
    names += " " + quoted(subcommand.name + ":" + zsh_text(subcommand.description));
    cases += fmt::format("      {})\n        _arguments{}\n        ;;\n", subcommand.name, zsh_specs(subcommand));
  }
  return fmt::format(R"(#compdef {0}
# zsh completion of {0}: source <({0} completion zsh), or as the file _{0} in a folder of $fpath
_{0}() {{
  local context state line
  typeset -A opt_args
  local -a subcommands=({1})
  _arguments -C{2} \
        '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command subcommands ;;
    argument)
      case $line[1] in
{3}      esac
      ;;
  esac
}}
if [[ $funcstack[1] == _{0} ]]; then _{0} "$@"; else compdef _{0} {0}; fi
)",
                     program.name, names, zsh_specs(program), cases);
}

std::string fish_of(const std::string& program, const std::string& condition, const Argument& argument) {
  std::string text = fmt::format("complete -c {} -n {}", program, quoted(condition));
  for (const std::string& name : argument.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!argument.choices.empty()) {
    text += " -x -a " + quoted(joined(argument.choices, " "));
  } else if (argument.takes_value) {
    text += argument.is_file ? " -r -F" : " -x";
  }
  return text + " -d " + quoted(argument.description) + "\n";
}

std::string fish_script(const Parser& program, const std::vector<Parser>& subcommands) {
  constexpr const char* kFirst = "__fish_use_subcommand";
  std::string text =
      fmt::format("# fish completion of {0}: {0} completion fish | source\ncomplete -c {0} -f\n", program.name);
  for (const Argument& argument : program.arguments) text += fish_of(program.name, kFirst, argument);
  for (const Parser& subcommand : subcommands) {
    text += fmt::format("complete -c {} -n {} -a {} -d {}\n", program.name, kFirst, subcommand.name,
                        quoted(subcommand.description));
    for (const Argument& argument : subcommand.arguments) {
      text += fish_of(program.name, "__fish_seen_subcommand_from " + subcommand.name, argument);
    }
  }
  return text;
}

}  // namespace

std::string completion_script(const CLI::App& app, Shell shell) {
  const Parser program = describe(app);
  const std::vector<Parser> subcommands = subcommands_of(app);
  switch (shell) {
    case Shell::bash: return bash_script(program, subcommands);
    case Shell::zsh: return zsh_script(program, subcommands);
    case Shell::fish: return fish_script(program, subcommands);
  }
  std::abort();
}

}  // namespace outrigger::cli
