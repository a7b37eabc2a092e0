// Words that users give and the ledger keeps: command lines and what their ini files say of names, quoted texts, names
// of runs, lists as JSON.
#include <algorithm>

#include "base/text.h"
#include "fuzz_support.h"
#include "model/encoding.h"
#include "model/run.h"
#include "settings/shell_words.h"
#include "simulator/cmdenv_paths.h"
#include "simulator/cmdenv_study.h"
#include "simulator/cmdenv_words.h"

namespace simswarm::fuzz {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view line : lines(text)) words.emplace_back(line);
  return words;
}

void check_command_line(std::string_view text) {
  const auto words = cmdenv::read_words(words_of(text));
  if (!words) return;
  require(!words->ini_files.empty(), "there is always an ini file");
  const bool filtered = std::any_of(words->all.begin() + 1, words->all.end(),
                                    [](const std::string& word) { return word.starts_with("-r"); });
  if (filtered) return;  // opp_runall drops these words, whatever they mean
  const auto batch = cmdenv::read_words(cmdenv::batch_words(*words, {0, 7}));
  require(batch.has_value(), "the command of a batch can be read");
  require(batch->config == words->config && batch->program == words->program, "a batch has the configuration");
  require(batch->filter == "0,7", "a batch names its runs");
  require(batch->ini_files == words->ini_files && batch->ned_path == words->ned_path, "a batch reads the same files");
  require(batch->for_key == words->for_key, "a batch has the same key");
  static_cast<void>(cmdenv::redirects_output(*words));
  const auto question = cmdenv::read_words(cmdenv::question_words(*words, {"-q", "runs"}, true));
  require(!question.has_value(), "a question is no simulation");
}

std::string in_quotes(std::string_view text) {
  return '"' + replace_all(replace_all(std::string(text), "\\", "\\\\"), "\"", "\\\"") + '"';
}

void check_shell_words(std::string_view text) {
  require(cmdenv::unquoted(in_quotes(text)) == text, "a text comes back out of its quotes");
  const std::vector<std::string> given = words_of(text);
  const auto again = split_shell_words(shell_line(given));
  require(again && *again == given, "words come back from a shell's line");
  const auto words = split_shell_words(text);
  if (!words) return;
  const auto same = split_shell_words(shell_line(*words));
  require(same && *same == *words, "a shell's line comes back");
}

bool is_plain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

// «Config», «variable=value» lines, the number of the run.
Run run_of(std::string_view text) {
  Run run;
  run.config = trim(take_part(text));
  for (const std::string_view line : lines(take_part(text))) {
    const auto equals = std::min(line.find('='), line.size());
    const std::string_view value = line.substr(std::min(equals + 1, line.size()));
    if (is_plain(line.substr(0, equals)))
      run.variables.push_back({std::string(line.substr(0, equals)), std::string(value)});
  }
  run.number = parse_int(trim(take_part(text))).value_or(7);
  run.repetition = run.number % 5;
  return run;
}

void check_selector(std::string_view text) {
  const RunKey key = key_of({{"text", std::string(text)}});
  const auto any = RunSelector::parse(trim(take_part(text)));
  const Run run = run_of(text);
  if (any) static_cast<void>(any->matches(run, key));
  if (!is_plain(run.config)) return;
  for (const std::string& name : {short_name(run), long_name(run), key.digest.hex().substr(0, 8)}) {
    const auto selector = RunSelector::parse(name);
    require(selector && selector->matches(run, key), "a run is selected by its name");
  }
  Run other = run;
  ++other.number;
  ++other.repetition;
  const RunKey other_key = key_of({{"other", std::string(text)}});
  for (const std::string& name : {short_name(run), long_name(run)}) {
    const auto selector = RunSelector::parse(name);
    require(selector && !selector->matches(other, other_key), "another run is not selected");
  }
}

void check_stored(std::string_view text) {
  const std::vector<std::string> words = decode_words(text);
  require(decode_words(encode(words)) == words, "stored words come back");
  const std::vector<Variable> variables = decode_variables(text);
  require(decode_variables(encode(variables)) == variables, "stored variables come back");
  // Bytes that are no UTF-8 are replaced once.
  const std::vector<std::string> lines = words_of(text);
  const std::vector<std::string> stored = decode_words(encode(lines));
  require(stored.size() == lines.size(), "no word is lost");
  require(decode_words(encode(stored)) == stored, "what was replaced stays as it is");
}

// Two ini files, of which either may include the other.
void check_ini(std::string_view text) {
  static const Scratch scratch;
  scratch.write("omnetpp.ini", take_part(text));
  scratch.write("other.ini", text);
  const auto words = cmdenv::read_words({"./aloha", "omnetpp.ini"});
  const cmdenv::Paths paths(scratch.folder(), *words);
  const cmdenv::RunConfig config{{"General", 0, {}, 0, "0"}, {{"output-vector-file", "\"x.vec\""}}};
  const cmdenv::ExpectedFiles files = paths.files_of(config, cmdenv::names_of(config));
  require(files.vectors.ends_with("x.vec") && files.index.ends_with("x.vci"), "names are found beside some ini file");
  require(files.scalars == "results/General-#0.sca", "a name that is not given lies in the result folder");
}

}  // namespace

void check(std::string_view input) {
  switch (take_choice(input, 5)) {
    case 0:
      return check_command_line(input);
    case 1:
      return check_shell_words(input);
    case 2:
      return check_selector(input);
    case 3:
      return check_stored(input);
    default:
      return check_ini(input);
  }
}

}  // namespace simswarm::fuzz
