// Campaigns before their runs are known: each has a job in a queue of builds.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "queue/queue_watch.h"
#include "view/picture.h"

namespace simswarm::view {

// «build», or «build-IMAGE».
[[nodiscard]] bool is_build_queue(std::string_view name);
// Of the job of a build; empty: it is none.
[[nodiscard]] std::string campaign_of_build(std::string_view job_id);

// What stands in the queues of builds. One thread at a time.
class BuildJobs {
 public:
  static constexpr std::size_t kMost = 100;  // of a place
  static constexpr std::chrono::seconds kKeepFor{10};

  // Asks again where something goes on, or the counts have changed, or it was long ago.
  [[nodiscard]] Status look(jobs::QueueWatch& queue, const jobs::Survey& survey, Monotonic now);
  // Those that go on, wait, failed or were cancelled.
  [[nodiscard]] const std::vector<jobs::JobDetails>& jobs() const { return jobs_; }
  // How many stand before each that waits, by its id.
  [[nodiscard]] const std::map<std::string, std::size_t>& ahead() const { return ahead_; }

 private:
  void count_ahead(const jobs::Survey& survey);

  std::vector<jobs::JobDetails> jobs_;
  std::map<std::string, std::size_t> ahead_;
  std::string counts_;
  Monotonic asked_at_{};
};

// What is not seen of a build's job, but of what was asked for.
struct BuildAsked {
  std::string host;   // of who asked
  std::string queue;  // of the runs
};

// What was asked for, read once each.
class BuildRequests {
 public:
  // Of these, and of no others any more.
  void want(const std::vector<jobs::JobDetails>& jobs);
  // One that is not read yet.
  [[nodiscard]] std::optional<jobs::JobDetails> next() const;
  void take(const jobs::JobId& job, BuildAsked asked);
  void complete(CampaignRow& row) const;  // whose `build` is its job

 private:
  std::map<std::string, std::optional<BuildAsked>> read_;  // by job
  std::map<std::string, jobs::JobDetails> wanted_;         // likewise, until it is read
};

// Rows of campaigns that are known by the jobs of their builds alone.
class EarlyRows {
 public:
  // A row whose build has ended stays until campaigns were listed after that, but no longer than this.
  static constexpr std::chrono::seconds kLongest{30};

  // What there is now.
  void take(std::vector<CampaignRow> rows, Monotonic now);
  // The list of campaigns that was asked for at that time is here.
  void listed(Monotonic asked);
  // Somebody waits for a new list of campaigns.
  [[nodiscard]] bool wants_list() const;
  // Puts them among those that are known, which are the newest first: a row of a campaign that is known is not needed
  // any more, but tells what is done with it as long as nothing is seen of its runs.
  void add_to(std::vector<CampaignRow>& rows) const;

 private:
  struct Early {
    CampaignRow row;
    std::optional<Monotonic> gone{};  // since when its job is no more among those that are looked at
  };
  std::map<std::string, Early> rows_;
};

}  // namespace simswarm::view
