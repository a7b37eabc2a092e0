#include "worker/outcome_json.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "queue/job_queue.h"

namespace simswarm::worker {
namespace {

using nlohmann::json;

constexpr std::size_t kMostOutput = std::size_t{8} * 1024;  // bytes of each
constexpr std::size_t kMostFiles = 200;
constexpr std::size_t kLongestLine = 200;

std::string dumped(const json& value) {
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

std::string_view tail(std::string_view text, std::size_t most) {
  return text.size() <= most ? text : text.substr(text.size() - most);
}

}  // namespace

std::string result_json(const Told& told) {
  const Attempt& attempt = told.attempt;
  json object{{"outcome", to_text(attempt.verdict.outcome)},
              {"attempt", attempt.number},
              {"host", attempt.host},
              {"worker", told.worker},
              {"exit_code", attempt.exit_code},
              {"wall_seconds", attempt.usage.wall_seconds},
              {"cpu_seconds", attempt.usage.user_seconds + attempt.usage.system_seconds},
              {"peak_memory", attempt.usage.peak_memory}};
  if (!attempt.verdict.message.empty()) object["message"] = attempt.verdict.message;
  if (attempt.usage.events > 0) object["events"] = attempt.usage.events;
  if (told.kept > 0) object["kept"] = told.kept;
  json files = json::array();
  for (const ResultFile& file : told.files) {
    if (files.size() == kMostFiles) break;
    files.push_back({{"path", file.path}, {"size", file.size}});
    if (!file.digest.empty()) files.back()["sha256"] = file.digest.hex();
  }
  object["files"] = std::move(files);
  if (told.files.size() > kMostFiles) object["more_files"] = told.files.size() - kMostFiles;
  if (!told.output.empty()) object["output"] = tail(told.output, kMostOutput);
  if (!told.errors.empty()) object["errors"] = tail(told.errors, kMostOutput);
  std::string text = dumped(object);
  constexpr std::size_t kMost = std::size_t{60} * 1024;  // escapes may make it long
  if (text.size() <= kMost) return text;
  object.erase("output");
  object.erase("errors");
  text = dumped(object);
  if (text.size() <= kMost) return text;
  object["more_files"] = told.files.size();
  object["files"] = json::array();
  return dumped(object);
}

std::string with_group(const std::string& result, const std::string& group) {
  json object = json::parse(result, nullptr, false);
  if (!object.is_object()) return result;
  object["group"] = group;
  return dumped(object);
}

std::string group_of(const std::string& result) {
  const json object = json_depth(result) > 8 ? json() : json::parse(result, nullptr, false);
  if (!object.is_object()) return {};
  const auto found = object.find("group");
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string failure_text(const Told& told) {
  const Attempt& attempt = told.attempt;
  const Verdict& verdict = attempt.verdict;
  std::string text = std::string(to_text(verdict.outcome));
  if (!verdict.message.empty()) text += ": " + verdict.message;
  text += "\n";
  if (!verdict.place.simulated_time.empty()) text += fmt::format("at t={} s", verdict.place.simulated_time);
  if (verdict.place.event) text += fmt::format(", event #{}", *verdict.place.event);
  if (!verdict.place.module.empty()) text += fmt::format(", in {}", verdict.place.module);
  if (text.back() != '\n') text += "\n";
  text += fmt::format("attempt {} on {} by {}, after {}, exit code {}\n", attempt.number, attempt.host, told.worker,
                      human_duration(attempt.usage.wall_seconds), attempt.exit_code);
  if (!attempt.command.empty()) text += fmt::format("$ {}\n", shell_line(attempt.command));
  for (const std::string* stream : {&told.output, &told.errors}) {
    if (stream->empty()) continue;
    text += tail(*stream, kMostOutput);
    if (text.back() != '\n') text += "\n";
  }
  return text;
}

std::string progress_json(const RunningView& view) {
  json object{{"seconds", view.wall_seconds}};
  const Progress& progress = view.progress;
  if (progress.fraction) object["fraction"] = *progress.fraction;
  if (progress.simulated_time) object["simulated_time"] = *progress.simulated_time;
  if (progress.event) object["event"] = *progress.event;
  if (progress.memory > 0) object["memory"] = progress.memory;
  if (!view.line.empty()) object["line"] = view.line.substr(0, kLongestLine);
  return dumped(object);
}

RunningView running_from(const std::string& progress) {
  RunningView view;
  const json object = json_depth(progress) > 8 ? json() : json::parse(progress, nullptr, false);
  if (!object.is_object()) return view;
  const auto number = [&](const char* name) -> std::optional<double> {
    const auto found = object.find(name);
    return found != object.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
  };
  view.wall_seconds = number("seconds").value_or(0);
  view.progress.fraction = number("fraction");
  view.progress.simulated_time = number("simulated_time");
  if (const auto event = number("event")) view.progress.event = static_cast<std::int64_t>(*event);
  view.progress.memory = static_cast<std::uint64_t>(std::max(0.0, number("memory").value_or(0)));
  if (const auto line = object.find("line"); line != object.end() && line->is_string())
    view.line = line->get<std::string>();
  return view;
}

Verdict verdict_from(const std::string& failure) {
  const std::string first = failure.substr(0, failure.find('\n'));
  const std::size_t colon = first.find(": ");
  const auto outcome = outcome_from(first.substr(0, colon));
  if (!outcome) return {Outcome::kIncomplete, first, {}};
  return {*outcome, colon == std::string::npos ? "" : first.substr(colon + 2), {}};
}

}  // namespace simswarm::worker
