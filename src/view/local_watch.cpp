#include "view/local_watch.h"

#include <algorithm>
#include <condition_variable>
#include <thread>

#include "base/host.h"
#include "base/signals.h"
#include "view/campaign_rows.h"
#include "view/live_runs.h"

namespace simswarm::view {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kShare = 5;  // a look that takes long comes at most for a fifth of the time

double seconds_of(Stamp stamp) {
  return std::chrono::duration<double>(stamp.time_since_epoch()).count();
}

std::string state_of(const CampaignRecord& record) {
  if (record.state == "completed") return "done";
  if (record.state == "incomplete") return "failed";
  return record.state;
}

CampaignRow row_of(const CampaignRecord& record, const CampaignTotals& totals, const Live* live) {
  CampaignRow row;
  row.id = record.id;
  row.name = record.name;
  row.host = record.host;
  row.created = record.started;
  row.runs = std::max(totals.total, record.planned);
  row.finished = totals.complete;
  row.failed = totals.failed;
  row.state = state_of(record);
  const std::size_t rest = row.runs - std::min(row.runs, totals.complete + totals.failed);
  if (row.state == "running") {
    row.running = live == nullptr ? 0 : std::min(live->running, rest);
    row.waiting = rest - row.running;
  }
  if (row.state == "cancelled") row.cancelled = rest;
  return row;
}

// Of the attempt that counts.
Facts facts_of(const RunStatus& run, const std::string& campaign, bool goes_on, CampaignModel& model) {
  Facts facts;
  facts.cell = run.has_result ? Cell::kCompleted : cell_of(run.outcome);
  // An error of an earlier campaign counts once this one has ended: until then its turn may come.
  const bool is_earlier =
      !run.has_result && goes_on && !run.attempts.empty() && run.attempts.back().campaign != campaign;
  if (run.attempts.empty() || is_earlier) {
    facts.cell = goes_on ? Cell::kWaiting : Cell::kUnknown;
    return facts;
  }
  const auto made = std::ranges::find(run.attempts, run.result_attempt, &Attempt::number);
  const Attempt& attempt = run.has_result && made != run.attempts.end() ? *made : run.attempts.back();
  if (run.has_result && attempt.campaign != campaign) facts.cell = Cell::kKnown;
  facts.attempt = static_cast<std::uint16_t>(std::clamp(attempt.number, 0, 65535));
  facts.place = model.place({"", attempt.host});
  facts.seconds = static_cast<float>(attempt.usage.wall_seconds);
  facts.memory = attempt.usage.peak_memory;
  facts.started = seconds_of(attempt.started);
  facts.ended = seconds_of(attempt.ended);
  facts.is_exact = true;
  facts.is_whole = run.has_result;
  return facts;
}

class LedgerWatch final : public LocalWatch {
 public:
  LedgerWatch(fs::path state, std::unique_ptr<Ledger> ledger, IsAlive is_alive, std::function<void()> news)
      : state_(std::move(state)),
        ledger_(std::move(ledger)),
        is_alive_(std::move(is_alive)),
        news_(std::move(news)),
        picture_(std::make_shared<Picture>()) {
    const SignalsBlocked blocked;  // they are for the thread that waits for them
    thread_ = std::thread([this] { watch(); });
  }
  LedgerWatch(const LedgerWatch&) = delete;
  LedgerWatch& operator=(const LedgerWatch&) = delete;
  ~LedgerWatch() override {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  std::shared_ptr<const Picture> picture() override {
    const std::lock_guard lock(mutex_);
    return picture_;
  }
  std::shared_ptr<const Picture> last(bool /*is_wanted*/) override { return picture(); }

  Following follow(const std::string& campaign) override {
    const std::lock_guard lock(mutex_);
    Wanted& wanted = wanted_[campaign];
    const bool is_new = wanted.asked == Monotonic{};
    wanted.asked = Clock::now();
    if (is_new) look_now_locked();
    const Following following{wanted.followed, wanted.is_unknown, wanted.trouble};
    if (wanted.is_unknown) wanted_.erase(campaign);
    return following;
  }

  std::vector<WorkerSample> history(const std::string& /*worker*/) override { return {}; }
  void look_now() override {
    const std::lock_guard lock(mutex_);
    look_now_locked();
  }

  Result<RunStatus> run(const std::string& campaign, const RunKey& key) override {
    const std::lock_guard lock(ledger_mutex_);
    SIMSWARM_TRY(auto found, select_runs(*ledger_, campaign, key.digest.hex()));
    return std::move(found.front());
  }
  Result<std::optional<AttemptLog>> log(const RunKey& key, int attempt) override {
    const std::lock_guard lock(ledger_mutex_);
    return ledger_->log_of(key, attempt);
  }
  Result<std::optional<std::string>> live_output(const std::string& campaign, std::size_t position) override {
    LiveRun run;
    {
      const std::lock_guard lock(mutex_);
      const auto wanted = wanted_.find(campaign);
      const auto live = lives_.find(campaign);
      if (wanted == wanted_.end() || !wanted->second.followed || live == lives_.end()) return std::nullopt;
      const CampaignModel& model = wanted->second.followed->model;
      if (position >= model.size()) return std::nullopt;
      const auto told = std::ranges::find(live->second.runs, model.key(position), &LiveRun::key);
      if (told == live->second.runs.end()) return std::nullopt;
      run = *told;
    }
    return output_of(run, state_ / "scratch" / campaign);
  }
  fs::path folder(const std::string& campaign) override {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(records_, campaign, &CampaignRecord::id);
    return found == records_.end() ? fs::path() : fs::path(found->folder);
  }

  Status read_values(const Followed& campaign, const std::vector<std::size_t>& positions,
                     const ValueReader::Take& take) override {
    const fs::path top = folder(campaign.record.id);
    for (const std::size_t position : positions) {
      std::vector<fs::path> files;
      {
        const std::lock_guard lock(ledger_mutex_);
        SIMSWARM_TRY(const auto result, ledger_->result_of(campaign.model.key(position)));
        if (result) {
          for (const ResultFile& file : result->files)
            if (file.path.ends_with(".sca")) files.push_back(top / file.path);
        }
      }
      const auto found = result::read_observations(files, {});
      take(position, found ? *found : std::vector<result::Observation>());
    }
    return {};
  }

 private:
  struct Wanted {
    Monotonic asked{};
    std::shared_ptr<Followed> followed;
    std::string trouble;
    bool is_unknown = false;
    // What of the ledger is in `followed`:
    std::int64_t version = -1;
    bool went_on = false;
  };

  void look_now_locked() {
    is_hurried_ = true;
    changed_.notify_all();
  }

  void watch() {
    for (;;) {
      const Monotonic begun = Clock::now();
      const Status looked = look();
      {
        const std::lock_guard lock(mutex_);
        if (!looked) note_trouble(looked.error().message);
      }
      if (news_) news_();
      std::unique_lock lock(mutex_);
      const Monotonic next = std::max(begun + kPace, begun + (Clock::now() - begun) * kShare);
      changed_.wait_until(lock, next, [this] { return is_ending_ || is_hurried_; });
      is_hurried_ = false;
      if (is_ending_) return;
    }
  }

  void note_trouble(const std::string& message) {
    auto picture = std::make_shared<Picture>(*picture_);
    picture->troubles = {{message, "", system_clock().stamp(), true}};
    picture->queue_trouble = message;
    picture_ = std::move(picture);
  }

  Status look() {
    std::vector<CampaignRecord> records;
    auto picture = std::make_shared<Picture>();
    {
      const std::lock_guard lock(ledger_mutex_);
      SIMSWARM_TRY(const std::int64_t version,
                   ledger_->data_version());  // first: what comes later is for the next look
      SIMSWARM_TRY(records, ledger_->campaigns());
      std::map<std::string, Live> lives = look_at_processes(records);
      for (const CampaignRecord& record : records) {
        SIMSWARM_TRY(const CampaignTotals totals, totals_of(record, version));
        const auto live = lives.find(record.id);
        picture->campaigns.push_back(row_of(record, totals, live == lives.end() ? nullptr : &live->second));
      }
      version_ = version;
      const std::lock_guard inner(mutex_);
      records_ = records;
      lives_ = std::move(lives);
    }
    look_at_wanted(records);
    const Monotonic now = Clock::now();
    const std::lock_guard lock(mutex_);
    picture->has_queue = true;
    picture->has_store = true;
    picture->seen_at = now;
    for (const auto& [id, live] : lives_) {
      picture->slots += live.slots;
      picture->busy += live.busy;
    }
    std::string text = fmt::format("{} {}\n", picture->busy, picture->slots);
    for (CampaignRow& row : picture->campaigns) {
      if (row.state != "running") continue;
      pace_.note(row.id, row.finished + row.failed, now);
      row.rate = pace_.rate(row.id, now);
      if (row.rate && *row.rate > 0) row.left = static_cast<double>(row.waiting + row.running) / *row.rate * 60;
    }
    for (const CampaignRow& row : picture->campaigns)
      text += fmt::format("{} {} {} {} {}\n", row.id, row.state, row.running, row.finished, row.failed);
    if (text != text_) ++version_of_all_;
    text_ = text;
    picture->topics["overview"] = version_of_all_;
    for (const auto& [id, wanted] : wanted_) {
      if (!wanted.followed) continue;  // else changed by this thread alone
      picture->topics["campaign:" + id] = wanted.followed->model.stamp() + wanted.followed->looks_with_progress;
    }
    picture_ = std::move(picture);
    return {};
  }

  // What the processes of those that go on tell. One that was cut off has ended, whatever the ledger says.
  std::map<std::string, Live> look_at_processes(std::vector<CampaignRecord>& records) {
    std::map<std::string, Live> lives;
    for (CampaignRecord& record : records) {
      if (record.state != "running") continue;
      if (auto live = read_live(state_, record.id, is_alive_))
        lives.emplace(record.id, std::move(*live));
      else if (record.host == host_name() && !is_alive_(record.id))
        record.state = "incomplete";
    }
    return lives;
  }

  // Of one that has ended they are written down; of one that goes on they are counted when something has changed.
  Result<CampaignTotals> totals_of(const CampaignRecord& record, std::int64_t version) {
    if (record.totals) return *record.totals;
    const auto known = counted_.find(record.id);
    if (known != counted_.end() && version == version_) return known->second;
    SIMSWARM_TRY(counted_[record.id], ledger_->count_runs(record));
    return counted_[record.id];
  }

  void look_at_wanted(const std::vector<CampaignRecord>& records) {
    std::map<std::string, Wanted> wanted;
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(wanted_, [](const auto& one) { return Clock::now() - one.second.asked > kFollowFor; });
      wanted = wanted_;
    }
    for (auto& [id, one] : wanted) {
      const auto record = std::ranges::find(records, id, &CampaignRecord::id);
      if (record == records.end()) {
        one.is_unknown = true;
      } else {
        const Status followed = follow(*record, one);
        one.trouble = followed ? "" : followed.error().message;
      }
      const std::lock_guard lock(mutex_);
      const auto known = wanted_.find(id);
      if (known == wanted_.end()) continue;
      known->second.followed = one.followed;
      known->second.version = one.version;
      known->second.went_on = one.went_on;
      known->second.is_unknown = one.is_unknown;
      known->second.trouble = one.trouble;
    }
  }

  // Runs are written down as they come: a longer list is another model.
  Status follow(const CampaignRecord& record, Wanted& wanted) {
    const bool goes_on = record.state == "running";
    const std::int64_t version = version_;
    bool is_news = wanted.version != version || wanted.went_on != goes_on;
    if (is_news) {
      std::vector<PlannedRun> planned;
      const std::lock_guard lock(ledger_mutex_);
      SIMSWARM_TRY(const std::size_t noted, ledger_->noted_runs(record.id));
      const bool is_same = wanted.followed && wanted.followed->model.size() == noted;
      if (!is_same) {
        SIMSWARM_TRY(planned, ledger_->runs_of(record.id));
      }
      if (!planned.empty() || !wanted.followed) wanted.followed = followed_of(record, planned);
    }
    Followed& followed = *wanted.followed;
    const auto live = lives_.find(record.id);  // this thread alone changes them
    const LiveRuns runs = live_runs(followed, live == lives_.end() ? nullptr : &live->second);
    if (is_news) SIMSWARM_CHECK(read_runs(record, goes_on, runs, followed));
    wanted.version = version;
    wanted.went_on = goes_on;
    const std::lock_guard inner(followed.mutex);
    take_live(followed, runs);
    followed.is_whole = true;
    followed.seen_at = Clock::now();
    return {};
  }

  Status read_runs(const CampaignRecord& record, bool goes_on, const LiveRuns& runs, Followed& followed) {
    for (std::size_t i = 0; i < followed.model.size(); ++i) {
      if (followed.model.facts(i).is_whole) continue;
      const std::lock_guard lock(ledger_mutex_);
      SIMSWARM_TRY(const RunStatus run, status_of(*ledger_, {followed.model.run(i), followed.model.key(i)}));
      const std::lock_guard inner(followed.mutex);
      Facts facts = facts_of(run, record.id, goes_on, followed.model);
      if (const auto told = runs.find(i); told != runs.end())
        facts = with_live(facts, *told->second, followed.model.place({"", record.host}));
      followed.model.set(i, facts);
      if (!run.attempts.empty()) followed.note_message(i, run.has_result ? Verdict{} : run.attempts.back().verdict);
    }
    return {};
  }

  static std::shared_ptr<Followed> followed_of(const CampaignRecord& record, const std::vector<PlannedRun>& planned) {
    store::CampaignRecord of;
    of.id = record.id;
    of.name = record.name;
    of.host = record.host;
    of.created = record.started;
    of.runs = planned.size();
    RunPlan plan;
    for (const PlannedRun& one : planned) {
      plan.runs.push_back(one.run);
      plan.keys.push_back(one.key.digest.bytes());
    }
    plan.command = record.command;
    plan.simulator = record.provenance.simulator;
    return std::make_shared<Followed>(std::move(of), std::move(plan));
  }

  const fs::path state_;
  std::mutex ledger_mutex_;  // never taken behind the other one
  std::unique_ptr<Ledger> ledger_;
  const IsAlive is_alive_;
  std::function<void()> news_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Behind the mutex:
  std::shared_ptr<const Picture> picture_;
  std::vector<CampaignRecord> records_;
  std::map<std::string, Live> lives_;  // of campaigns that go on
  std::map<std::string, Wanted> wanted_;
  bool is_ending_ = false, is_hurried_ = false;
  // The thread's own:
  Pace pace_;
  std::map<std::string, CampaignTotals> counted_;
  std::string text_;
  std::uint64_t version_of_all_ = 0;
  std::int64_t version_ = -1;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<LocalWatch>> make_local_watch(const fs::path& state, IsAlive is_alive,
                                                     std::function<void()> news) {
  if (!fs::exists(state / "ledger.sqlite"))
    return usage_error("{}: no campaign has been run here; --state says another folder", state.string());
  SIMSWARM_TRY(std::unique_ptr<Ledger> ledger, Ledger::open(state));
  return std::make_unique<LedgerWatch>(state, std::move(ledger), std::move(is_alive), std::move(news));
}

}  // namespace simswarm::view
