// The queue that several machines share: which job is next, who has it, how it ended. Chosen by URL: `memory:` (one
// process) or a Redis server with RQ's schema (doc/formats.md, «Queue in Redis»).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace simswarm::jobs {

// Ids and names are of [A-Za-z0-9_-]+, queue names may have dots, too: RQ's readers refuse or fall over others.
struct JobId {
  std::string text;
  friend auto operator<=>(const JobId&, const JobId&) = default;
};
struct QueueName {
  std::string text;
  friend auto operator<=>(const QueueName&, const QueueName&) = default;
};
struct WorkerId {
  std::string text;
  friend auto operator<=>(const WorkerId&, const WorkerId&) = default;
};

// `stopped` is a job that was started and ended because somebody asked for it; it stands among the failed.
enum class State { kDeferred, kScheduled, kQueued, kStarted, kFinished, kFailed, kStopped, kCancelled };
inline constexpr int kStates = 8;
[[nodiscard]] std::string_view to_text(State state);  // as RQ spells it
// Also of RQ's words that only its newer versions write.
[[nodiscard]] std::optional<State> parse_state(std::string_view text);

inline constexpr std::chrono::seconds kForever{-1};
inline constexpr std::chrono::seconds kDefaultResultTtl{500};
inline constexpr std::chrono::seconds kDefaultFailureTtl{31'536'000};

struct NewJob {
  JobId id;
  QueueName queue;
  // What is to be done, in RQ's form: ["function", null, [arguments], {named arguments}] as JSON. Up to 64 bytes cost
  // little.
  std::string payload;
  std::string description;
  std::chrono::seconds timeout = kForever;
  std::chrono::seconds result_ttl = kDefaultResultTtl;    // 0: a finished job is deleted at once; or kForever
  std::chrono::seconds failure_ttl = kDefaultFailureTtl;  // at least 1; or kForever
  int retries = 0;                                        // after failures
  // Before the retries; with fewer than retries the first serves several times, with none they follow at once.
  std::vector<std::chrono::seconds> back_off;
  int max_lost = 3;  // attempts lost to nodes, after which the job ends as failed
  bool at_front = false;
  std::chrono::seconds delay{0};  // it is due so much later; not with depends_on
  std::vector<JobId> depends_on;  // that have to finish before; one that is not there counts as finished
  bool allow_failed_dependencies = false;
};

// A right to execute a job, until it ends or its lease has run out.
struct Claim {
  JobId job;
  int attempt = 0;  // 1, 2, …; the word of an earlier attempt changes nothing
  friend auto operator<=>(const Claim&, const Claim&) = default;
};

struct ClaimedJob {
  Claim claim;
  QueueName queue;
  std::string payload;
  std::chrono::seconds timeout = kForever;
};

struct ClaimRequest {
  WorkerId worker;
  std::string node;               // where it runs: named when the attempt is lost
  std::vector<QueueName> queues;  // the first that has jobs gives all of them
  std::size_t most = 1;
  // With fewer than `most`: what goes beyond these is no more than half of the worker's share of the queue, by the
  // workers that are registered for it. Those are claimed ahead: lost before anything was told of them, no attempt of
  // theirs is counted. 0: as many as there are, all to be begun at once.
  std::size_t at_least = 0;
  std::vector<std::size_t> limits{};  // in place of `most` for each queue, where it is less; none: for no queue
};

struct Claims {
  std::vector<ClaimedJob> jobs;
  bool suspended = false;   // nobody gets a job until resume()
  std::size_t dropped = 0;  // ids that stood in the queues without a job: asking again may give more
  bool more = false;        // of the queues that were looked at, one has jobs left
};

// Queues in an order in which each is first with a chance in proportion to its weight (above 0): fair shares.
struct WeightedQueue {
  QueueName queue;
  double weight = 1;
};
// `random` gives numbers in [0, 1).
[[nodiscard]] std::vector<QueueName> order_by_weight(std::vector<WeightedQueue> queues,
                                                     const std::function<double()>& random);

enum class Answer {
  kDone,
  kAlready,  // this very thing has been done before: what is repeated after a lost reply is not done twice
  kRefused,  // the job's state forbids it, or the claim is one of an earlier attempt: nothing has changed
  kGone,     // there is no such job
};

enum class Beat {
  kHeld,
  kStop,  // still held, but the job is asked to stop
  kLost,  // no longer held, or gone: what it still does is for nothing
};

enum class AfterFailure { kMayRetry, kNoRetry, kWasStopped };

// How a holder ends its claim.
struct Settlement {
  enum class How {
    kComplete,  // `text` is the result, JSON. Jobs that waited for this one alone are queued
    kFail,      // `text` is the message
    kHandBack,  // to the front of its queue; the attempt counts neither as failed nor as lost
  };
  Claim claim;
  How how = How::kComplete;
  std::string text{};
  AfterFailure after = AfterFailure::kMayRetry;
};

// What is seen of a job while it is executed: JSON, at most kLongestProgress bytes; and where somebody looks at what it
// prints, the end of that.
struct Told {
  Claim claim;
  std::string progress;
  std::string tail{};  // empty: none is told; of a longer one the last kMostTail bytes are kept
};
inline constexpr std::size_t kLongestProgress = 1024;

// The end of what an attempt has printed so far.
struct Tail {
  int attempt = 0;  // 0: none has been told
  std::string text{};
};
inline constexpr std::size_t kMostTail = std::size_t{32} * 1024;
inline constexpr std::chrono::seconds kTailTtl{30};     // after it was told
inline constexpr std::chrono::seconds kWatchedFor{15};  // after somebody has looked

// What a job prints: kept for kOutputTtl after it was last written, as far as kMostOutput.
inline constexpr std::size_t kMostOutput = 16U << 20U;    // bytes of a job
inline constexpr std::size_t kOutputPiece = 256U << 10U;  // bytes that are written or read at once, at most
inline constexpr std::chrono::seconds kOutputTtl{86'400};

// Where jobs stand. Stopped ones stand among the failed.
enum class Place { kDeferred, kScheduled, kQueued, kStarted, kFinished, kFailed, kCancelled };
inline constexpr int kPlaces = 7;

struct Counts {
  std::size_t deferred = 0;
  std::size_t scheduled = 0;
  std::size_t queued = 0;
  std::size_t started = 0;
  std::size_t finished = 0;
  std::size_t failed = 0;
  std::size_t cancelled = 0;
  friend bool operator==(const Counts&, const Counts&) = default;
};

// A job as it stands. Times are UTC, ISO 8601, empty for what has not happened.
struct JobView {
  JobId id;
  QueueName queue;
  State state = State::kQueued;
  std::string description;
  int attempt = 0;                   // the last that was begun
  std::vector<std::string> lost_on;  // nodes that lost an attempt
  bool lost = false;                 // ended because of them
  bool stop_requested = false;
  int retries_left = 0;
  std::string worker;  // of the last attempt
  std::string node;
  std::string created_at;
  std::string enqueued_at;
  std::string started_at;
  std::string ended_at;
  std::string progress;  // as its holder told it last, while it is started; else empty
};

struct JobDetails {
  JobView job;
  std::string payload;
  std::vector<JobId> depends_on;
  std::string result;   // JSON; of a finished job
  std::string message;  // of a failed one
};

struct Page {
  std::size_t total = 0;  // that stand there; some of them may just have expired, and are not in `jobs`
  std::vector<JobView> jobs;
};

// What people say of a queue. What is left out stays as it was.
struct About {
  std::optional<std::string> name{};  // of its campaign, for people
  std::optional<int> priority{};      // -kMostPriority to kMostPriority
};
inline constexpr int kMostPriority = 10;
inline constexpr std::size_t kLongestAbout = 200;  // bytes of a name; the rest is cut off
// Each step of priority is half as much again: a sixtieth to sixty times the share of others, so that nothing starves.
[[nodiscard]] double weight_of(int priority);

struct QueueView {
  QueueName name;
  std::size_t queued = 0;
  std::size_t due = 0;     // scheduled jobs that are to be queued now
  std::string campaign{};  // its name for people; empty: nobody has said one
  int priority = 0;
};

struct Emptied {
  std::size_t removed = 0;
  std::size_t kept = 0;  // deferred jobs wait for these
};

// Who executes jobs, as RQ's workers register.
struct WorkerRecord {
  WorkerId name;
  std::vector<QueueName> queues;  // at least one
  std::string host;
  std::string address;  // IP; empty: not known
  int pid = 0;
  std::string version;
  std::string state = "idle";  // started, idle, busy, suspended: RQ's words
  std::size_t finished = 0;    // jobs, since it began
  std::size_t failed = 0;
  double working_seconds = 0;  // of all its jobs
  std::size_t slots = 0;       // that it has, and uses; a worker of RQ says neither
  std::size_t running = 0;
  std::string cpu{};       // the kind of its processor; empty: it says none
  std::string obstacle{};  // why it takes nothing new, one line; empty: it does
};
struct WorkerView {
  WorkerRecord record;
  std::string born_at;  // UTC, ISO 8601
  std::string seen_at;
};
inline constexpr std::chrono::seconds kWorkerTtl{60};  // without a word a worker is forgotten

struct Reaped {
  std::vector<JobId> back;   // queued again, at the front
  std::vector<JobId> ended;  // failed: lost too often
};

inline constexpr std::chrono::seconds kManifestTtl{90 * 86'400};

// One thread uses a queue at a time; several queues may be open at one server. Each call is one atomic step there, by
// the server's time; an error leaves open whether it was done, and can be repeated: what was done is not done twice.
// Only a claim whose reply was lost is known to nobody: return_unknown() brings it back, or its lease runs out. A
// claim, and what is taken back, is refused by a server that comes to it so late that nobody waits for the answer any
// more.
class JobQueue {
 public:
  JobQueue() = default;
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;
  virtual ~JobQueue() = default;

  // For each job whether it is new; one whose id is there already is left as it is. More than 1,000 are several steps.
  [[nodiscard]] virtual Result<std::vector<bool>> enqueue(const std::vector<NewJob>& jobs) = 0;
  [[nodiscard]] virtual Result<Claims> claim(const ClaimRequest& request) = 0;
  // Begins the lease anew; one answer a claim.
  [[nodiscard]] virtual Result<std::vector<Beat>> heartbeat(const std::vector<Claim>& claims) = 0;
  // One answer each. More than 500 are several steps.
  [[nodiscard]] virtual Result<std::vector<Answer>> settle(const std::vector<Settlement>& settlements) = 0;
  [[nodiscard]] Result<Answer> complete(const Claim& claim, const std::string& result);
  [[nodiscard]] Result<Answer> fail(const Claim& claim, const std::string& message, AfterFailure after);
  [[nodiscard]] Result<Answer> hand_back(const Claim& claim);
  // Of claims that are not held any more nothing is noted. For each whether somebody looks at what it prints.
  [[nodiscard]] virtual Result<std::vector<bool>> tell(const std::vector<Told>& told) = 0;
  // Somebody looks at what a job prints: its holder hears so, at once or with what it tells next, for kWatchedFor or,
  // where the last look was not long ago, for half of that at least. Given is what it has told since; nothing of a job
  // that is not started.
  [[nodiscard]] virtual Result<Tail> watch_output(const JobId& id) = 0;
  // Writes a piece of what a job prints, from this byte on, over what stands there: so it can be repeated. What would
  // lie beyond kMostOutput is left out.
  [[nodiscard]] virtual Status put_output(const JobId& id, std::uint64_t offset, std::string_view piece) = 0;
  // From this byte on, at most kOutputPiece; empty: there is no more by now.
  [[nodiscard]] virtual Result<std::string> output(const JobId& id, std::uint64_t offset) = 0;
  // Hands back what stands under this worker's name and is none of `known`: the reply to its claim was lost.
  [[nodiscard]] virtual Result<std::vector<JobId>> return_unknown(const WorkerId& worker,
                                                                  const std::vector<Claim>& known) = 0;

  // A job that is started loses its claim.
  [[nodiscard]] virtual Result<Answer> cancel(const JobId& id) = 0;
  // The holder of a started job hears it with its next heartbeat.
  [[nodiscard]] virtual Result<Answer> request_stop(const JobId& id) = 0;
  // A failed, stopped or cancelled job, to the end of its queue; lost attempts are forgotten.
  [[nodiscard]] virtual Result<Answer> requeue(const JobId& id) = 0;
  // Refused for a job that is started, and for one that deferred jobs wait for.
  [[nodiscard]] virtual Result<Answer> remove(const JobId& id) = 0;

  // Takes back up to `most` jobs whose lease has run out, of all queues. Nothing before this queue has been connected
  // for one whole lease: holders need that time after a fault to renew theirs.
  [[nodiscard]] virtual Result<Reaped> reap(std::size_t most) = 0;
  // Queues up to `most` scheduled jobs that are due, and says how many. Where a scheduler of RQ is at work it is left
  // to that.
  [[nodiscard]] virtual Result<std::size_t> drain_due(const QueueName& queue, std::size_t most) = 0;

  // Cancels all jobs that wait in a queue, and says how many.
  [[nodiscard]] virtual Result<std::size_t> cancel_waiting(const QueueName& queue) = 0;
  // Kept for kManifestTtl after it was last said, and for as long as something waits there and workers look.
  [[nodiscard]] virtual Status describe(const QueueName& queue, const About& about) = 0;
  // Deletes the jobs that wait in a queue, but for those that others wait for.
  [[nodiscard]] virtual Result<Emptied> empty(const QueueName& queue) = 0;

  // A worker's word that it is there; holds for kWorkerTtl.
  [[nodiscard]] virtual Status present(const WorkerRecord& record) = 0;
  [[nodiscard]] virtual Status leave(const WorkerId& worker) = 0;
  [[nodiscard]] virtual Result<std::vector<WorkerView>> workers() = 0;  // by name

  // What the jobs of a campaign have in common, JSON; kept for kManifestTtl after it was last read or written.
  [[nodiscard]] virtual Status keep_manifest(const std::string& campaign, const std::string& text) = 0;
  [[nodiscard]] virtual Result<std::optional<std::string>> manifest(const std::string& campaign) = 0;

  [[nodiscard]] virtual Status suspend() = 0;
  [[nodiscard]] virtual Status resume() = 0;
  [[nodiscard]] virtual Result<bool> is_suspended() = 0;

  [[nodiscard]] virtual Result<std::vector<QueueView>> queues() = 0;  // by name
  [[nodiscard]] virtual Result<Counts> counts(const QueueName& queue) = 0;
  // From the `offset`th, newest first (scheduled: the last to be due first), at most 1,000.
  [[nodiscard]] virtual Result<Page> list(const QueueName& queue, Place place, std::size_t offset,
                                          std::size_t most) = 0;
  [[nodiscard]] virtual Result<std::optional<JobDetails>> find(const JobId& id) = 0;
};

struct JobQueueOptions {
  std::chrono::milliseconds lease{10'000};
  std::chrono::milliseconds connect_timeout{5'000};  // also for a reply
  std::function<Stamp()> now;                        // in place of the server's time; for tests alone
  // The URL with the password that holds by now, asked when the server refuses the one we have; from any thread. Null:
  // passwords do not change.
  std::function<Result<std::string>()> fresh_url{};
};

// Connects. An error names the address without its password, and what to do.
[[nodiscard]] Result<std::unique_ptr<JobQueue>> open_job_queue(std::string_view url,
                                                               const JobQueueOptions& options = {});

// What makes a job or a request one that no queue takes: an error with the reason.
[[nodiscard]] Status check_job(const NewJob& job);
[[nodiscard]] Status check_request(const ClaimRequest& request);
[[nodiscard]] Status check_about(const QueueName& queue, const About& about);
[[nodiscard]] Status check_id(const JobId& id);
[[nodiscard]] Status check_queue(const QueueName& queue);
[[nodiscard]] Status check_worker(const WorkerId& worker, const std::string& node);

}  // namespace simswarm::jobs
