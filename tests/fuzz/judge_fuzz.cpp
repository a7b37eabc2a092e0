// Judging what a process left: its output, its result files and its wait status, each of any content.
//
// Parts of an input: «exit 0» or «signal 9», perhaps with the outcome that we ended it with («exit 0 timed_out»);
// standard output; standard error; and the files that were left, of which an empty part was not: .sca, .vec, .vci,
// .out.
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/text.h"
#include "fuzz_support.h"
#include "simulator/cmdenv_files.h"
#include "simulator/cmdenv_judge.h"
#include "simulator/command_judge.h"

namespace simswarm::fuzz {
namespace {

const Scratch& scratch() {
  static const Scratch folder;
  return folder;
}

void take_status(std::string_view text, Evidence& evidence) {
  const auto words = split(trim(text), ' ');
  const auto number = words.size() > 1 ? parse_int(words[1]).value_or(0) : 0;
  if (words[0] == "signal") evidence.wait_status = static_cast<int>(1 + (number & 63) % 64);
  if (words[0] != "signal") evidence.wait_status = static_cast<int>(number & 255) << 8;
  const auto reason = words.size() > 2 ? outcome_from(words[2]) : std::nullopt;
  if (reason && !is_complete(*reason)) evidence.ended_by_us = reason;  // nobody ends a run because it is whole
}

Evidence evidence_of(std::string_view& input) {
  Evidence evidence;
  take_status(take_part(input), evidence);
  evidence.output = scratch().write("output", take_part(input));
  evidence.errors = scratch().write("errors", take_part(input));
  evidence.left = scratch().folder() / "left";
  constexpr std::array<const char*, 4> kNames{"results/General-#0.sca", "results/General-#0.vec",
                                              "results/General-#0.vci", "results/General-#0.out"};
  for (const std::string name : kNames) {
    std::string_view content = take_part(input);
    if (content.empty()) continue;
    if (content == "empty\n") content = {};
    evidence.files.push_back({name, scratch().write(name.substr(name.rfind('.') + 1), content), content.size()});
  }
  return evidence;
}

void check_cmdenv(const Evidence& evidence, std::size_t runs) {
  std::vector<cmdenv::ExpectedFiles> batch;
  for (std::size_t i = 0; i < runs; ++i) {
    const std::string stem = fmt::format("results/General-#{}", i);
    Run run{"General", static_cast<std::int64_t>(i), {}, static_cast<std::int64_t>(i), std::to_string(i)};
    batch.push_back({run, stem + ".sca", stem + ".vec", stem + ".vci", stem + ".out", stem + ".elog", false});
  }
  const std::vector<Judgement> judgements = cmdenv::judge(batch, evidence);
  require(judgements.size() == runs, "each run of a batch is judged");
  for (const LeftFile& file : evidence.files) {
    const auto owners = std::count_if(judgements.begin(), judgements.end(), [&](const Judgement& judgement) {
      return std::find(judgement.files.begin(), judgement.files.end(), file.path) != judgement.files.end();
    });
    require(owners == 1, "a file belongs to one run");
  }
  for (std::size_t i = 0; i < runs; ++i) {
    const Judgement& judgement = judgements[i];
    require(judgement.verdict.message.find('\n') == std::string::npos, "a message is one line");
    std::vector<const LeftFile*> own;
    for (const LeftFile& file : evidence.files) {
      const bool mine = std::find(judgement.files.begin(), judgement.files.end(), file.path) != judgement.files.end();
      if (mine) own.push_back(&file);
    }
    const bool complete = is_complete(judgement.verdict.outcome);
    require(!complete || cmdenv::trouble_with_files(batch[i], own).empty(), "the files of a complete run are whole");
    const bool in_peace = WIFEXITED(evidence.wait_status) && !evidence.ended_by_us;
    if (runs == 1 && !in_peace)
      require(judgement.verdict.outcome != Outcome::kCompleted, "a run that was ended is cut");
  }
}

// Progress out of what matches last in a line: a part of the line.
void check_matches(const Evidence& evidence, const LinePattern& pattern) {
  if (pattern.groups() == 0) return;
  static_cast<void>(any_line(evidence.output, [&](std::string_view line) {
    const std::string found = pattern.last_match(line);
    require(line.find(found) != std::string_view::npos, "what matches is a part of the line");
    require(found.empty() || pattern.found_in(line), "a line with a match has one");
    return false;
  }));
}

void check_command(const Evidence& evidence, const char* pattern_text) {
  const auto pattern = LinePattern::parse(pattern_text, "success.pattern");
  check_matches(evidence, *pattern);
  const std::vector<int> codes{0, 3};
  const SuccessRule rule{codes, *pattern, {"results/General-#0.sca"}};
  const Verdict verdict = judge_process(evidence, evidence.files, rule);
  require(verdict.message.find_first_of("\n\r\x1b") == std::string::npos, "a message is one line of text");
  if (is_complete(verdict.outcome)) {
    require(WIFEXITED(evidence.wait_status) && !evidence.ended_by_us, "a run that was ended is not complete");
    const auto needed = std::find_if(evidence.files.begin(), evidence.files.end(),
                                     [](const LeftFile& file) { return file.path.ends_with(".sca"); });
    require(needed != evidence.files.end() && needed->size > 0, "a complete run left what is required");
  }
  require(make_folders(evidence.left).has_value(), "a folder can be made");
  const auto kept = keep_output(evidence, "run/stdout.txt");
  const auto copy = read_file(evidence.left / "run/stdout.txt");
  require(kept && copy && *copy == read_file(evidence.output).value_or(""), "the output is kept");
  require(!keep_output(evidence, "run/stdout.txt"), "nothing is overwritten");
  require(remove_tree(evidence.left).has_value(), "a folder can be removed");
}

}  // namespace

void check(std::string_view input) {
  const unsigned choice = take_choice(input, 5);
  const Evidence evidence = evidence_of(input);
  constexpr std::array kPatterns{"", "simulation done", "^[0-9]+ events?( |$)"};
  if (choice < 2) return check_cmdenv(evidence, choice + 1);
  check_command(evidence, kPatterns.at(choice - 2));
}

}  // namespace simswarm::fuzz
