#include "cli/build_rows.h"

#include <algorithm>

#include "base/stamp.h"
#include "base/text.h"
#include "campaign/build_request.h"
#include "store/store.h"

namespace simswarm::cli {
namespace {

constexpr std::size_t kLongestError = 300;          // bytes of what is shown
constexpr std::uint64_t kMostRequest = 64U << 20U;  // bytes

view::BuildProgress progress_of(const jobs::JobView& job) {
  view::BuildProgress progress;
  progress.phase = job.state == jobs::State::kStarted ? "fetching" : "waiting";
  const auto told = campaign::parse_build_view(job.progress);
  if (!told || job.state != jobs::State::kStarted || told->phase.empty()) return progress;
  progress.phase = told->phase;
  progress.compiled = told->compiled;
  progress.hits = told->hits;
  progress.remote = told->remote;
  progress.expected = told->expected;
  progress.hosts = told->hosts;
  progress.seconds = told->seconds;
  return progress;
}

std::string error_of(const jobs::JobDetails& build) {
  if (build.job.lost) return fmt::format("lost with its builder time and again, last on {}", build.job.node);
  const auto answer = campaign::parse_build_answer(build.message);
  const std::string& message = answer ? answer->message : build.message;
  return message.substr(0, std::min(message.find('\n'), kLongestError));
}

std::string name_of(const jobs::JobView& job) {
  const std::string before = campaign::build_description("");
  return job.description.starts_with(before) ? job.description.substr(before.size()) : job.description;
}

}  // namespace

std::optional<view::CampaignRow> row_of_build(const jobs::JobDetails& build) {
  const auto call = campaign::parse_build_payload(build.payload);
  if (!call || build.job.id.text != campaign::build_job_id(call->campaign)) return std::nullopt;
  view::CampaignRow row;
  row.id = call->campaign;
  row.name = name_of(build.job);
  row.build = build.job.id.text;
  row.created = stamp_from(build.job.created_at);
  row.is_planned = false;
  switch (build.job.state) {
    case jobs::State::kFinished:
      return std::nullopt;
    case jobs::State::kFailed:
      row.state = "not_built";
      row.error = error_of(build);
      break;
    case jobs::State::kStopped:
    case jobs::State::kCancelled:
      row.state = "cancelled";
      break;
    default:
      row.state = "building";
      row.building = progress_of(build.job);
  }
  return row;
}

Result<view::BuildAsked> load_request(const jobs::JobDetails& build, store::Store& store) {
  SIMSWARM_TRY(const campaign::BuildJob job, campaign::parse_build_payload(build.payload));
  TextSink text(kMostRequest);
  SIMSWARM_TRY(const store::Fetched fetched, store.fetch(job.request, text));
  if (fetched.state != store::Fetched::State::kWhole) return usage_error("{}", fetched.trouble);
  SIMSWARM_TRY(const campaign::BuildRequest request, campaign::parse_build_request(text.text()));
  return view::BuildAsked{request.host, request.queue};
}

}  // namespace simswarm::cli
