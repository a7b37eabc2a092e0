#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support.h"

namespace simswarm::e2e {
namespace {

using nlohmann::json;

Event parse_event(const json& value) {
  Event event;
  event.kind = value.value("event", "");
  event.run = value.value("run", "");
  event.name = value.value("name", "");
  for (const char* key : {"message", "reason", "text"}) {
    if (value.contains(key)) event.text = value.at(key).get<std::string>();
  }
  event.outcome = value.value("outcome", "");
  event.decision = value.value("decision", "");
  if (value.contains("place")) {
    event.module = value.at("place").value("module", "");
    event.simulated_time = value.at("place").value("simulated_time", "");
  }
  event.attempt = value.value("attempt", 0);
  event.exit_code = value.value("exit_code", 0);
  event.complete = event.kind == "ended" && value.value("complete", false);
  event.will_retry = value.value("will_retry", false);
  return event;
}

void parse_summary(const json& value, Report& report) {
  report.has_summary = true;
  report.state = value.at("state");
  report.total = value.at("total");
  report.complete = value.at("complete");
  report.known = value.at("known");
  report.failed = value.at("failed");
  report.not_run = value.at("not_run");
  report.kept = value.value("kept", 0);
  report.outcomes = value.value("outcomes", std::map<std::string, int>());
  for (const json& one : value.value("not_complete", json::array())) {
    report.not_complete.push_back({one.at("run"), one.at("outcome"), one.at("message"), one.at("was_known")});
  }
}

}  // namespace

Report parse_report(const Answer& answer) {
  Report report;
  report.exit_code = answer.exit_code;
  report.errors = answer.errors;
  report.out = answer.out;
  std::istringstream lines(answer.out);
  for (std::string line; std::getline(lines, line);) {
    const json value = json::parse(line, nullptr, false);
    if (!value.is_object()) {
      ADD_FAILURE() << "not a JSON object: " << line;
      continue;
    }
    EXPECT_FALSE(report.has_summary) << "an event after the summary: " << line;
    report.events.push_back(parse_event(value));
    if (report.events.back().kind == "summary") parse_summary(value, report);
  }
  return report;
}

std::vector<Event> Report::of(std::string_view kind) const {
  std::vector<Event> found;
  std::ranges::copy_if(events, std::back_inserter(found), [&](const Event& event) { return event.kind == kind; });
  return found;
}

std::vector<Event> Report::ended(std::string_view run) const {
  std::vector<Event> found = of("ended");
  std::erase_if(found, [&](const Event& event) { return event.run != run; });
  return found;
}

std::string Report::outcome_of(std::string_view run) const {
  const std::vector<Event> found = ended(run);
  return found.empty() ? "not run" : found.back().outcome;
}

std::vector<std::string> Report::started() const {
  std::vector<std::string> runs;
  for (const Event& event : of("started")) runs.push_back(event.run);
  std::ranges::sort(runs);
  return runs;
}

std::map<std::string, std::string> Report::decisions() const {
  std::map<std::string, std::string> found;
  for (const Event& event : of("plan")) found[event.run] = event.decision;
  return found;
}

std::string Report::notes() const {
  std::string text = errors;
  for (const Event& event : of("note")) text += event.text + "\n";
  return text;
}

Project::Project(std::string_view ini, std::string_view name) : temporary_(name) {
  write("omnetpp.ini", ini);
  fs::copy_file(cmdsim_program(), path("sim"));
}

Answer Project::simswarm(const Words& words) const {
  return run(Words{simswarm_program()} + words, folder());
}

Words Project::runall_words(const Words& options, const Words& simulation) const {
  const bool has_jobs = std::ranges::any_of(options, [](const std::string& word) { return word.starts_with("-j"); });
  return Words{simswarm_program(), "runall", "--json"} + (has_jobs ? Words{} : Words{"-j2"}) + options +
         Words{"./sim", "-c", "Study"} + simulation;
}

Report Project::runall(const Words& options, const Words& simulation) const {
  return parse_report(run(runall_words(options, simulation), folder()));
}

std::vector<RunStatus> Project::status(const Words& options) const {
  const Answer answer = simswarm(Words{"status", "--json"} + options);
  const json value = json::parse(answer.out, nullptr, false);
  std::vector<RunStatus> runs;
  if (!value.is_object()) {
    ADD_FAILURE() << "status --json: " << answer.all();
    return runs;
  }
  for (const json& one : value.at("runs")) {
    RunStatus status{
        one.at("run"), one.at("outcome"), one.at("complete"), static_cast<int>(one.at("attempts").size()), {}};
    for (const json& file : one.at("files")) status.files.push_back(file.at("path"));
    runs.push_back(std::move(status));
  }
  return runs;
}

Answer Project::by_hand(const Words& simulation, const fs::path& where) const {
  return run(Words{"./sim", "-c", "Study", "-s", "-u", "Cmdenv", "--cmdenv-redirect-output=true"} + simulation, where);
}

bool equal_results(const fs::path& left, const fs::path& right, std::string* difference) {
  const Answer answer = run({simswarm_program(), "diff", left.string(), right.string()}, left.parent_path());
  if (difference != nullptr) *difference = answer.all();
  return answer.exit_code == 0;
}

std::string canonical_text(std::string_view text) {
  static constexpr std::string_view kDropped[] = {"run ",
                                                  "attr runid ",
                                                  "attr datetime ",
                                                  "attr datetimef ",
                                                  "attr processid ",
                                                  "attr resultdir ",
                                                  "config result-dir ",
                                                  "config cmdenv-"};
  std::string kept;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (std::ranges::none_of(kDropped, [&](std::string_view start) { return line.starts_with(start); }))
      kept += line + "\n";
  }
  return kept;
}

bool is_one_line_error(const std::string& text) {
  return text.starts_with("simswarm: ") && std::ranges::count(text, '\n') == 1 && text.ends_with('\n');
}

std::string study(std::string_view further_general) {
  return "[General]\nnetwork = Net\nsim-time-limit = 50s\n" + std::string(further_general) +
         "\n\n[Study]\n**.load = ${load=1,2,3}\nrepeat = 2\n\n[Config Other]\n**.load = 77\n";
}

std::string simswarm_program() {
  return SIMSWARM_PROGRAM;
}
std::string cmdsim_program() {
  return CMDSIM_PROGRAM;
}
std::string cmdsim_wrapper() {
  return CMDSIM_WRAPPER;
}
std::string fault_shim() {
  return FAULT_SHIM;
}
std::string fault_ills() {
  return FAULT_ILLS;
}
std::string library(int version) {
  return version == 1 ? LIBRARY_1 : LIBRARY_2;
}

}  // namespace simswarm::e2e
