// --json: one event a line; doc/formats.md describes them.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "campaign/build_request.h"
#include "cli/screen.h"

namespace simswarm::cli {
namespace {

using campaign::Plan;
using campaign::Planned;
using campaign::Summary;
using campaign::Tally;
using nlohmann::json;

constexpr int kProtocol = 1;

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string_view decision_word(campaign::Decision decision) {
  switch (decision) {
    case campaign::Decision::kRun:
      return "run";
    case campaign::Decision::kKnown:
      return "known";
    case campaign::Decision::kKnownError:
      return "known_error";
    case campaign::Decision::kElsewhere:
      return "elsewhere";
  }
  return "?";
}

json describe(const Planned& run) {
  json variables = json::object();
  for (const Variable& variable : run.run.variables) variables[variable.name] = variable.value;
  return {{"run", short_name(run.run)},   {"name", long_name(run.run)}, {"config", run.run.config},
          {"number", run.run.number},     {"variables", variables},     {"repetition", run.run.repetition},
          {"seed_set", run.run.seed_set}, {"key", run.key.digest.hex()}};
}

json describe(const Place& place) {
  json value = json::object();
  if (!place.simulated_time.empty()) value["simulated_time"] = place.simulated_time;
  if (place.event) value["event"] = *place.event;
  if (!place.module.empty()) value["module"] = place.module;
  return value;
}

json describe(const Tally& tally) {
  json value = {{"total", tally.total},   {"complete", tally.complete}, {"known", tally.known},
                {"failed", tally.failed}, {"running", tally.running},   {"waiting", tally.waiting}};
  if (tally.seconds_left) value["seconds_left"] = *tally.seconds_left;
  return value;
}

class JsonScreen final : public campaign::Observer {
 public:
  void planned(const Plan& plan) override {
    emit({{"event", "planned"},
          {"protocol", kProtocol},
          {"campaign", plan.campaign},
          {"total", plan.runs.size()},
          {"known", plan.runs.count(campaign::Decision::kKnown)}});
  }

  void started(const Planned& run, int attempt) override {
    emit({{"event", "started"}, {"run", short_name(run.run)}, {"attempt", attempt}});
  }

  void ended(const Planned& run, const Attempt& attempt, bool will_retry, const Tally& tally) override {
    json event = describe(run);
    const Usage& usage = attempt.usage;
    event.update({{"event", "ended"},
                  {"attempt", attempt.number},
                  {"outcome", to_text(attempt.verdict.outcome)},
                  {"complete", is_complete(attempt.verdict.outcome)},
                  {"message", attempt.verdict.message},
                  {"place", describe(attempt.verdict.place)},
                  {"exit_code", attempt.exit_code},
                  {"will_retry", will_retry},
                  {"can_help_to_retry", can_help_to_retry(attempt.verdict.outcome)},
                  {"wall_seconds", usage.wall_seconds},
                  {"cpu_seconds", usage.user_seconds + usage.system_seconds},
                  {"peak_memory", usage.peak_memory},
                  {"result_bytes", usage.result_bytes},
                  {"events", usage.events},
                  {"tally", describe(tally)}});
    emit(event);
  }

  void progress(const std::vector<worker::RunningView>& running, const Plan& plan, const Tally& tally) override {
    const Monotonic now = system_clock().monotonic();
    if (now - told_at_ < std::chrono::seconds(1)) return;
    told_at_ = now;
    json list = json::array();
    for (const worker::RunningView& view : running) {
      json one = {{"run", short_name(plan.runs.run(view.run))},
                  {"wall_seconds", view.wall_seconds},
                  {"memory", view.progress.memory}};
      if (view.progress.fraction) one["fraction"] = *view.progress.fraction;
      if (view.progress.simulated_time) one["simulated_time"] = *view.progress.simulated_time;
      if (view.progress.speed) one["simsec_per_second"] = *view.progress.speed;
      list.push_back(std::move(one));
    }
    emit({{"event", "progress"}, {"tally", describe(tally)}, {"running", list}});
  }

  void note(const std::string& text) override { emit({{"event", "note"}, {"text", text}}); }

  void building(const campaign::BuildView& view) override {
    if (view == view_) return;
    view_ = view;
    emit({{"event", "building"},
          {"phase", view.phase},
          {"compiled", view.compiled},
          {"hits", view.hits},
          {"remote", view.remote},
          {"expected", view.expected},
          {"hosts", view.hosts},
          {"ahead", view.ahead},
          {"seconds", view.seconds}});
  }

  void build_output(std::string_view piece) override { emit({{"event", "build_output"}, {"text", piece}}); }

  void built(const campaign::BuildAnswer& answer) override {
    emit({{"event", "built"},
          {"code", answer.code},
          {"message", answer.message},
          {"build", answer.key},
          {"was_known", answer.was_known},
          {"plan_was_known", answer.plan_was_known},
          {"compiled", answer.compiled},
          {"hits", answer.hits},
          {"remote", answer.remote},
          {"seconds", answer.seconds},
          {"runs", answer.runs},
          {"queued", answer.queued}});
  }

  void finished(const Plan& plan, const Summary& summary) override {
    json outcomes = json::object();
    for (const auto& [outcome, count] : summary.outcomes) outcomes[std::string(to_text(outcome))] = count;
    constexpr std::size_t kMost = 10'000;  // a million that were not run are not worth a gigabyte of words
    json not_complete = json::array();
    for (std::size_t i = 0; i < plan.runs.size() && not_complete.size() < kMost; ++i) {
      if (is_complete(summary.finals.outcome(i))) continue;
      const campaign::Final final = summary.finals[i];
      json one = describe(plan.runs[i]);
      one.update({{"outcome", to_text(final.outcome)},
                  {"message", final.message},
                  {"place", describe(final.place)},
                  {"attempts", final.attempts},
                  {"was_known", final.was_known}});
      not_complete.push_back(std::move(one));
    }
    emit({{"event", "summary"},
          {"campaign", summary.campaign},
          {"state", summary.state},
          {"total", summary.total},
          {"complete", summary.complete},
          {"known", summary.known},
          {"failed", summary.failed},
          {"not_run", summary.not_run},
          {"outcomes", outcomes},
          {"not_complete", not_complete},
          {"kept", summary.kept},
          {"wall_seconds", summary.wall_seconds},
          {"cpu_seconds", summary.cpu_seconds},
          {"syncs", summary.commits.syncs},
          {"groups", summary.commits.groups}});
  }

 private:
  static void emit(const json& event) { print(dump(event) + "\n"); }
  Monotonic told_at_ = system_clock().monotonic();
  campaign::BuildView view_;
};

}  // namespace

std::unique_ptr<campaign::Observer> make_json_screen() {
  return std::make_unique<JsonScreen>();
}

std::string plan_json(const Plan& plan) {
  std::string text;
  for (const Planned run : plan.runs) {
    json one = describe(run);
    one.update({{"event", "plan"}, {"decision", decision_word(run.decision)}, {"reason", run.reason}});
    text += dump(one) + "\n";
  }
  const auto known = plan.runs.count(campaign::Decision::kKnown);
  const auto errors = plan.runs.count(campaign::Decision::kKnownError);
  const json summary = {{"event", "summary"},
                        {"dry_run", true},
                        {"state", "planned"},
                        {"total", plan.runs.size()},
                        {"complete", known},
                        {"known", known},
                        {"failed", errors},
                        {"not_run", plan.runs.size() - known - errors},
                        {"kept", 0},
                        {"outcomes", json::object()},
                        {"not_complete", json::array()}};
  return text + dump(summary) + "\n";
}

std::string error_json(const Error& error) {
  return dump({{"event", "error"}, {"message", error.message}, {"exit_code", static_cast<int>(error.code)}}) + "\n";
}

}  // namespace simswarm::cli
