#include "builder/task.h"

#include <algorithm>

#include "base/text.h"

namespace simswarm::builder {
namespace {

using campaign::BuildAnswer;
using campaign::BuildRequest;

constexpr std::uint64_t kMostRequest = 64U << 20U;  // bytes
constexpr std::size_t kMostPrinted = 4U << 20U;     // bytes that wait to be told

}  // namespace

Task::Task(jobs::ClaimedJob job, const TaskGround& ground) : job_(std::move(job)), ground_(ground) {
  view_.phase = "fetching";
  thread_ = std::thread([this] { run(); });
}

Task::~Task() {
  cancelled_ = true;
  if (thread_.joinable()) thread_.join();
}

std::string Task::view() const {
  const std::lock_guard guard(mutex_);
  return campaign::to_json(view_);
}

std::pair<std::uint64_t, std::string> Task::output(std::uint64_t from) const {
  const std::lock_guard guard(mutex_);
  from = std::max(from, printed_from_);
  const std::uint64_t at = from - printed_from_;
  return {from, at >= printed_.size() ? std::string() : printed_.substr(at, jobs::kOutputPiece)};
}

std::optional<jobs::Settlement> Task::outcome() const {
  const std::lock_guard guard(mutex_);
  return outcome_;
}

void Task::print(std::string_view piece) {
  {
    const std::lock_guard guard(mutex_);
    if (printed_from_ + printed_.size() >= jobs::kMostOutput) return;  // nobody is told more
    printed_.append(piece);
    if (printed_.size() > kMostPrinted) {
      const std::size_t gone = printed_.size() - kMostPrinted / 2;
      printed_.erase(0, gone);
      printed_from_ += gone;
    }
  }
  ground_.wake();
}

void Task::run() {
  Result<BuildAnswer> answer;
  try {
    answer = carry_out();
  } catch (const std::exception& error) {  // one build must not end all others
    answer = environment_error("the builder met an error of its own: {}", error.what());
  }
  if (!answer && answer.error().code == ExitCode::kInterrupted && is_withdrawn()) stopped_ = true;
  {
    const std::lock_guard guard(mutex_);
    outcome_ = settlement_of(answer);
  }
  ground_.wake();
}

// Cancelled for good: to hand it back would bring it back for ever.
bool Task::is_withdrawn() const {
  const auto job = campaign::parse_build_payload(job_.payload);
  const auto cancelled = job ? ground_.store->is_cancelled(job->campaign) : Result<bool>(false);
  return cancelled && *cancelled;
}

Result<BuildAnswer> Task::carry_out() {
  SIMSWARM_TRY(const campaign::BuildJob job, campaign::parse_build_payload(job_.payload));
  if (is_withdrawn()) return tl::make_unexpected(Error{ExitCode::kInterrupted, "the campaign was cancelled", true});
  TextSink text(kMostRequest);
  SIMSWARM_TRY(const store::Fetched fetched, ground_.store->fetch(job.request, text));
  if (fetched.state != store::Fetched::State::kWhole)
    return environment_error("what is to be built cannot be had: {}", fetched.trouble);
  SIMSWARM_TRY(const BuildRequest request, campaign::parse_build_request(text.text()));
  if (request.campaign != job.campaign)
    return usage_error("the request is one of campaign {}, not of {}", request.campaign, job.campaign);
  Ears ears;
  ears.view = [this](const campaign::BuildView& view) {
    {
      const std::lock_guard guard(mutex_);
      view_ = view;
    }
    ground_.wake();
  };
  ears.output = [this](std::string_view piece) { print(piece); };
  ears.cancelled = [this] { return cancelled_.load(); };
  SIMSWARM_TRY(const BuildResult built, ground_.workshop->build(request, *ground_.store, ears));
  const store::BuildRecord& record = built.record;
  answer_.key = record.key.hex();
  answer_.was_known = built.was_known;
  if (!built.was_known) {
    answer_.compiled = record.compiled;
    answer_.hits = record.hits;
    answer_.remote = record.remote;
    answer_.seconds = record.seconds;
  }
  SIMSWARM_TRY(const auto queue, ground_.open_queue());
  SIMSWARM_TRY(const Queued queued, plan_and_queue(request, built, ground_.planner, *ground_.store, *queue, ears));
  answer_.plan_was_known = queued.plan_was_known;
  answer_.runs = queued.runs;
  answer_.queued = queued.queued;
  return answer_;
}

jobs::Settlement Task::settlement_of(const Result<BuildAnswer>& answer) const {
  using How = jobs::Settlement::How;
  if (answer) return {job_.claim, How::kComplete, campaign::to_json(*answer)};
  const Error& error = answer.error();
  if (stopped_) return {job_.claim, How::kFail, "cancelled", jobs::AfterFailure::kWasStopped};
  // Nobody's fault: the store is away, or we are to end.
  if (error.can_retry || error.code == ExitCode::kInterrupted) return {job_.claim, How::kHandBack};
  BuildAnswer failed = answer_;
  failed.code = static_cast<int>(error.code);
  failed.message = error.message.substr(0, 8192);
  return {job_.claim, How::kFail, campaign::to_json(failed), jobs::AfterFailure::kNoRetry};
}

}  // namespace simswarm::builder
