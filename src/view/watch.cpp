#include "view/watch.h"

#include <algorithm>
#include <condition_variable>
#include <thread>

#include "base/signals.h"
#include "base/text.h"
#include "view/campaign_rows.h"
#include "view/troubles.h"

namespace simswarm::view {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kCampaignsPace{5};  // between looks at the list of campaigns
constexpr std::chrono::milliseconds kPause{500};   // between looks when there is more to be read
constexpr std::chrono::milliseconds kAtOnce{50};   // before what somebody waits for
constexpr std::size_t kMostQuestions = 2;          // of followed campaigns to the store in a look
constexpr std::size_t kMostRequests = 20;          // of builds that are read in a look

void add(jobs::Counts& totals, const jobs::Counts& more) {
  totals.deferred += more.deferred;
  totals.scheduled += more.scheduled;
  totals.queued += more.queued;
  totals.started += more.started;
  totals.finished += more.finished;
  totals.failed += more.failed;
  totals.cancelled += more.cancelled;
}

// Of a campaign that somebody has asked for.
struct Wanted {
  Monotonic asked{};
  std::shared_ptr<Follower> follower;
  std::string trouble;
  bool is_unknown = false;
};

bool is_new(const std::pair<const std::string, Wanted>& one) {
  return !one.second.follower && one.second.trouble.empty() && !one.second.is_unknown;
}

// What a campaign can be called: the store is not asked for anything else.
bool is_id(const std::string& text) {
  constexpr std::size_t kLongest = 64;
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  };
  return !text.empty() && text.size() <= kLongest && std::ranges::all_of(text, is_plain);
}

struct Store {
  std::vector<store::CampaignRecord> campaigns;
  Marks marks;
  bool was_seen = false;
};

std::string text_of(const jobs::QueueRow& row) {
  const jobs::Counts& c = row.counts;
  return fmt::format("{} {} {} {} {} {} {} {} {}", row.campaign, row.priority, c.deferred, c.scheduled, c.queued,
                     c.started, c.finished, c.failed, c.cancelled);
}

std::string text_of(const jobs::WorkerView& view) {
  const jobs::WorkerRecord& one = view.record;
  return fmt::format("{} {} {} {} {} {}\n", one.name.text, one.state, one.obstacle, one.running, one.finished,
                     one.failed);
}

std::string text_of(const BuildProgress& build) {
  return fmt::format("{} {} {} {} {} {} {}", build.phase, build.compiled, build.hits, build.remote, build.expected,
                     build.hosts, build.ahead);
}

// Counts up what differs from the last time.
class Topics {
 public:
  void note(const std::string& name, const std::string& text) {
    auto& [version, known] = topics_[name];
    if (version == 0 || known != text) version = ++last_;
    known = text;
  }
  [[nodiscard]] std::map<std::string, std::uint64_t> versions() const {
    std::map<std::string, std::uint64_t> versions;
    for (const auto& [name, one] : topics_) versions[name] = one.first;
    return versions;
  }
  void forget_others(const std::set<std::string>& names) {
    std::erase_if(topics_, [&](const auto& one) { return !names.contains(one.first); });
  }

 private:
  std::map<std::string, std::pair<std::uint64_t, std::string>> topics_;
  std::uint64_t last_ = 0;  // of all: what comes again is told apart from what it was
};

class ThreadedWatch final : public Watch {
 public:
  explicit ThreadedWatch(WatchOptions options)
      : options_(std::move(options)), picture_(std::make_shared<Picture>()), asked_at_(Clock::now()) {
    const SignalsBlocked blocked;  // they are for the thread that waits for them
    queue_thread_ = std::thread([this] { watch_queue(); });
    if (!options_.open_store) return;
    store_thread_ = std::thread([this] { watch_store(); });
    opening_thread_ = std::thread([this] { watch_opened(); });
  }
  ThreadedWatch(const ThreadedWatch&) = delete;
  ThreadedWatch& operator=(const ThreadedWatch&) = delete;
  ~ThreadedWatch() override {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    changed_.notify_all();
    queue_thread_.join();
    if (store_thread_.joinable()) store_thread_.join();
    if (opening_thread_.joinable()) opening_thread_.join();
  }

  std::shared_ptr<const Picture> picture() override {
    const std::lock_guard lock(mutex_);
    ask();
    return picture_;
  }

  std::shared_ptr<const Picture> last(bool is_wanted) override {
    const std::lock_guard lock(mutex_);
    if (is_wanted) ask();
    return picture_;
  }

  Following follow(const std::string& campaign) override {
    if (!is_id(campaign)) return {nullptr, true, ""};
    const std::lock_guard lock(mutex_);
    ask();
    const bool is_new = !wanted_.contains(campaign);
    Wanted& wanted = wanted_[campaign];
    wanted.asked = Clock::now();
    if (is_new) {
      make_room();
      changed_.notify_all();
    }
    const Following following{wanted.follower ? wanted.follower->followed() : nullptr, wanted.is_unknown,
                              wanted.trouble};
    if (wanted.is_unknown) wanted_.erase(campaign);  // nobody keeps what is not there
    return following;
  }

  std::vector<WorkerSample> history(const std::string& worker) override {
    const std::lock_guard lock(mutex_);
    return history_.of(worker);
  }

  void look_now() override {
    const std::lock_guard lock(mutex_);
    asked_at_ = Clock::now();
    is_hurried_ = true;
    changed_.notify_all();
  }

 private:
  void ask() {
    const Monotonic now = Clock::now();
    const bool was_idle = now - asked_at_ > kWatched;
    asked_at_ = now;
    if (was_idle) changed_.notify_all();
  }

  void make_room() {
    const auto runs = [this] {
      std::size_t all = 0;
      for (const auto& [id, one] : wanted_) all += one.follower ? one.follower->followed()->model.size() : 0;
      return all;
    };
    while (wanted_.size() > kMostFollowed || (wanted_.size() > 1 && runs() > kMostFollowedRuns)) {
      const auto oldest = std::ranges::min_element(wanted_, {}, [](const auto& one) { return one.second.asked; });
      wanted_.erase(oldest);
    }
  }

  // Waits for the next look; false: it is over.
  using PaceOf = std::chrono::milliseconds (ThreadedWatch::*)(std::chrono::milliseconds usual) const;
  bool wait_for(Monotonic since, PaceOf pace_of) {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (is_ending_) return false;
      const auto pace = Clock::now() - asked_at_ < kWatched ? kPace : kIdlePace;
      const Monotonic next = since + (this->*pace_of)(pace);
      if (Clock::now() >= next) return true;
      changed_.wait_until(lock, next);
    }
  }
  [[nodiscard]] std::chrono::milliseconds queue_pace(std::chrono::milliseconds usual) const {
    return is_hurried_ ? kAtOnce : is_behind_ ? kPause : usual;
  }
  [[nodiscard]] std::chrono::milliseconds store_pace(std::chrono::milliseconds usual) const {
    return is_opened_ ? kAtOnce : usual;
  }
  [[nodiscard]] std::chrono::milliseconds opening_pace(std::chrono::milliseconds usual) const {
    const bool is_away = !servers_.store_trouble.empty();
    return !is_away && std::ranges::any_of(wanted_, &is_new) ? kAtOnce : usual;
  }

  // --- the queue ------------------------------------------------------------------------------------------------

  void watch_queue() {
    std::unique_ptr<jobs::QueueWatch> queue;
    for (;;) {
      const Monotonic begun = Clock::now();
      {
        const std::lock_guard lock(mutex_);
        is_hurried_ = false;
      }
      const Status looked = look_at_queue(queue, begun);
      if (!looked) note_queue_trouble(looked.error().message);
      if (options_.news) options_.news();
      if (!wait_for(begun, &ThreadedWatch::queue_pace)) return;
    }
  }

  Status look_at_queue(std::unique_ptr<jobs::QueueWatch>& queue, Monotonic now) {
    if (!queue) {
      SIMSWARM_TRY(queue, options_.open_queue());
    }
    SIMSWARM_TRY(jobs::Survey survey, queue->survey());
    if (options_.row_of_build) SIMSWARM_CHECK(builds_.look(*queue, survey, now));
    const std::vector<std::shared_ptr<Follower>> followers = take_survey(std::move(survey), now);
    return look_at_followed(*queue, followers, now);
  }

  // All in one step.
  Status look_at_followed(jobs::QueueWatch& queue, const std::vector<std::shared_ptr<Follower>>& followers,
                          Monotonic now) {
    const std::shared_ptr<const Picture> picture = current();
    std::vector<std::pair<Follower*, jobs::Counts>> there;
    std::vector<jobs::MovesAsked> asked;
    for (const std::shared_ptr<Follower>& one : followers) {
      const std::string& name = one->followed()->record.queue;
      const auto row = std::ranges::find(picture->survey.queues, name, [](const auto& each) { return each.name.text; });
      if (row == picture->survey.queues.end() || !jobs::check_queue(row->name)) {
        one->have_no_queue();
        continue;
      }
      there.emplace_back(one.get(), row->counts);
      asked.push_back(one->asks());
    }
    if (asked.empty()) return {};
    SIMSWARM_TRY(const std::vector<jobs::Moves> all, queue.all_moves(asked));
    bool is_behind = false;
    for (std::size_t i = 0; i < all.size(); ++i) {
      SIMSWARM_TRY(const bool has_more, there[i].first->take(all[i], queue, there[i].second, now));
      is_behind = is_behind || has_more;
    }
    const std::lock_guard lock(mutex_);
    is_behind_ = is_behind;
    return {};
  }

  std::vector<std::shared_ptr<Follower>> take_survey(jobs::Survey survey, Monotonic now) {
    const std::lock_guard lock(mutex_);
    const Stamp stamp = system_clock().stamp();
    history_.note(survey.workers, stamp);
    servers_.queue_trouble.clear();
    auto picture = std::make_shared<Picture>();
    picture->survey = std::move(survey);
    picture->has_queue = true;
    picture->has_store = store_.was_seen;
    picture->seen_at = now;
    for (const jobs::QueueRow& row : picture->survey.queues) add(picture->totals, row.counts);
    // A builder's slots are what it compiles with, here and elsewhere.
    const auto builds = [](const jobs::WorkerView& worker) { return serves(worker, {"build"}); };
    for (const jobs::WorkerView& worker : picture->survey.workers) {
      if (builds(worker)) continue;
      picture->slots += worker.record.slots;
      picture->busy += worker.record.running;
    }
    picture->campaigns = campaign_rows(store_.campaigns, store_.marks, picture->survey, pace_, now);
    note_builds(now);
    early_.add_to(picture->campaigns);
    finish(*picture);
    picture_ = std::move(picture);
    is_behind_ = false;
    return followers();
  }

  // Campaigns that are not planned yet. Behind the mutex.
  void note_builds(Monotonic now) {
    if (options_.load_request) requests_.want(builds_.jobs());
    std::vector<CampaignRow> rows;
    for (const jobs::JobDetails& one : builds_.jobs()) {
      std::optional<CampaignRow> row = options_.row_of_build(one);
      if (!row) continue;
      const auto ahead = builds_.ahead().find(one.job.id.text);
      if (row->building && ahead != builds_.ahead().end()) row->building->ahead = ahead->second;
      requests_.complete(*row);
      rows.push_back(std::move(*row));
    }
    early_.take(std::move(rows), now);
    if (!options_.open_store) early_.listed(now);  // nobody will know it
  }

  void note_queue_trouble(const std::string& message) {
    const std::lock_guard lock(mutex_);
    servers_.queue_trouble = message;
    auto picture = std::make_shared<Picture>(*picture_);
    finish(*picture);
    picture_ = std::move(picture);
  }

  // Troubles and topics. Behind the mutex.
  void finish(Picture& picture) {
    Servers servers = servers_;
    const Seconds silent = store_asked_ ? Clock::now() - *store_asked_ : Seconds(0);
    if (silent > kOldAfter && servers.store_trouble.empty())
      servers.store_trouble = fmt::format("it has not answered for {:.0f} s", silent.count());
    picture.troubles = troubles_of(picture, servers);
    picture.queue_trouble = servers_.queue_trouble;
    times_.date(picture.troubles, system_clock().stamp());
    std::set<std::string> names{"overview", "builds"};
    std::string overview = fmt::format("{}\n", picture.survey.suspended);
    std::string builds;
    for (const jobs::QueueRow& row : picture.survey.queues) {
      const std::string text = text_of(row);
      const std::string name = "queue:" + row.name.text;
      topics_.note(name, text);
      names.insert(name);
      overview += row.name.text + " " + text + "\n";
      if (row.name.text.starts_with("build")) builds += text;
    }
    for (const jobs::WorkerView& worker : picture.survey.workers) overview += text_of(worker);
    for (const CampaignRow& row : picture.campaigns) {
      const std::string build = row.building ? text_of(*row.building) : row.error;
      overview += fmt::format("{} {} {} {} {}\n", row.id, row.state, row.finished, row.host, build);
      builds += build;
    }
    topics_.note("overview", overview);
    topics_.note("builds", builds);
    for (const auto& [id, wanted] : wanted_) {
      if (!wanted.follower) continue;
      const std::string name = "campaign:" + id;
      const std::shared_ptr<Followed>& followed = wanted.follower->followed();
      const std::lock_guard lock(followed->mutex);
      topics_.note(name,
                   fmt::format("{} {} {}", followed->model.edits(), followed->is_whole, followed->looks_with_progress));
      names.insert(name);
    }
    topics_.forget_others(names);
    picture.topics = topics_.versions();
  }

  std::shared_ptr<const Picture> current() {
    const std::lock_guard lock(mutex_);
    return picture_;
  }

  // --- the store ------------------------------------------------------------------------------------------------

  void watch_store() {
    std::unique_ptr<store::Store> store;
    Monotonic listed_at{};
    for (;;) {
      const Monotonic begun = Clock::now();
      {
        const std::lock_guard lock(mutex_);
        store_asked_ = begun;
        is_opened_ = false;
      }
      const Status looked = look_at_store(store, listed_at, begun);
      {
        const std::lock_guard lock(mutex_);
        store_asked_.reset();
        servers_.store_trouble = looked ? "" : looked.error().message;
      }
      if (!looked && options_.news) options_.news();
      if (!wait_for(begun, &ThreadedWatch::store_pace)) return;
    }
  }

  Status look_at_store(std::unique_ptr<store::Store>& store, Monotonic& listed_at, Monotonic now) {
    if (!store) {
      SIMSWARM_TRY(store, options_.open_store());
    }
    if (listed_at == Monotonic{} || now - listed_at >= kCampaignsPace || wants_list()) {
      SIMSWARM_CHECK(list_campaigns(*store, now));
      listed_at = now;
    }
    SIMSWARM_CHECK(read_requests(*store));
    std::vector<std::shared_ptr<Follower>> some;
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(wanted_, [&](const auto& one) { return now - one.second.asked > kFollowFor; });
      some = followers();
    }
    for (std::size_t i = 0; i < std::min(kMostQuestions, some.size()); ++i) {
      SIMSWARM_CHECK(some[store_turn_++ % some.size()]->look_at_store(*store));
    }
    return {};
  }

  bool wants_list() {
    const std::lock_guard lock(mutex_);
    return early_.wants_list();
  }

  Status read_requests(store::Store& store) {
    for (std::size_t i = 0; i < kMostRequests; ++i) {
      std::optional<jobs::JobDetails> wanted;
      {
        const std::lock_guard lock(mutex_);
        wanted = requests_.next();
      }
      if (!wanted) return {};
      Result<BuildAsked> asked = options_.load_request(*wanted, store);
      if (!asked && asked.error().can_retry) return propagate(asked.error());
      const std::lock_guard lock(mutex_);
      requests_.take(wanted->job.id, asked ? std::move(*asked) : BuildAsked());  // it may be gone
      is_hurried_ = true;
      changed_.notify_all();
    }
    return {};
  }

  Status list_campaigns(store::Store& store, Monotonic now) {
    SIMSWARM_TRY(std::vector<store::CampaignRecord> campaigns, store.campaigns());
    Marks marks;
    for (const auto& [collection, ids] :
         {std::pair{store::kCancelled, &marks.cancelled}, std::pair{store::kCollected, &marks.collected}}) {
      SIMSWARM_CHECK(store.back_end().each(collection, {}, [into = ids](const store::Document& document) -> Status {
        into->insert(document.id);
        return {};
      }));
    }
    for (store::CampaignRecord& one : campaigns) one.study.clear();
    const std::lock_guard lock(mutex_);
    store_.campaigns = std::move(campaigns);
    store_.marks = std::move(marks);
    early_.listed(now);
    is_hurried_ = is_hurried_ || !std::exchange(store_.was_seen, true);
    changed_.notify_all();
    return {};
  }

  // Behind the mutex.
  [[nodiscard]] std::vector<std::shared_ptr<Follower>> followers() const {
    std::vector<std::shared_ptr<Follower>> followers;
    for (const auto& [id, wanted] : wanted_) {
      if (wanted.follower) followers.push_back(wanted.follower);
    }
    return followers;
  }

  // Who opens a campaign does not wait for what is read of others: a server may take a second for a batch.
  void watch_opened() {
    std::unique_ptr<store::Store> store;
    for (;;) {
      const Monotonic begun = Clock::now();
      const Status opened = begin_following(store);
      if (!opened) {
        const std::lock_guard lock(mutex_);
        servers_.store_trouble = opened.error().message;
      }
      if (!opened && options_.news) options_.news();
      if (!wait_for(begun, &ThreadedWatch::opening_pace)) return;
    }
  }

  // Reads the plan of one that somebody has asked for.
  Status begin_following(std::unique_ptr<store::Store>& store) {
    std::string id;
    {
      const std::lock_guard lock(mutex_);
      const auto one = std::ranges::find_if(wanted_, &is_new);
      if (one == wanted_.end()) return {};
      id = one->first;
    }
    if (!store) {
      SIMSWARM_TRY(store, options_.open_store());
    }
    const auto asked = store->campaign(id);
    if (!asked && asked.error().can_retry) return propagate(asked.error());
    Wanted found;
    if (!asked) found.trouble = asked.error().message;
    found.is_unknown = asked && !*asked;
    if (asked && *asked) {
      const store::CampaignRecord& record = **asked;
      Result<RunPlan> plan = options_.load_plan(record, *store);
      if (!plan && plan.error().can_retry) return propagate(plan.error());
      if (plan)
        found.follower =
            std::make_shared<Follower>(std::make_shared<Followed>(record, std::move(*plan)), options_.position_of);
      else
        found.trouble = plan.error().message;
    }
    const std::lock_guard lock(mutex_);
    const auto one = wanted_.find(id);
    if (one == wanted_.end()) return {};
    found.asked = one->second.asked;
    one->second = std::move(found);
    make_room();
    is_hurried_ = is_opened_ = true;
    changed_.notify_all();
    return {};
  }

  WatchOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Behind the mutex:
  std::shared_ptr<const Picture> picture_;
  Monotonic asked_at_;
  Servers servers_;
  Store store_;
  Pace pace_;
  TroubleTimes times_;
  Topics topics_;
  WorkerHistory history_;
  BuildRequests requests_;
  EarlyRows early_;
  std::map<std::string, Wanted> wanted_;
  std::optional<Monotonic> store_asked_;  // nothing: it has answered
  bool is_ending_ = false, is_hurried_ = false, is_behind_ = false, is_opened_ = false;
  std::size_t store_turn_ = 0;  // the store's thread alone
  BuildJobs builds_;            // the queue's thread alone
  std::thread queue_thread_, store_thread_, opening_thread_;
};

}  // namespace

std::unique_ptr<Watch> make_watch(WatchOptions options) {
  return std::make_unique<ThreadedWatch>(std::move(options));
}

}  // namespace simswarm::view
