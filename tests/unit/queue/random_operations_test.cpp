// Random operations on both back ends, held against a model after each of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_model.h"

namespace simswarm::jobs {
namespace {

constexpr int kSequences = 500;
constexpr int kOperations = 200;  // a sequence

using Operations = std::vector<Operation>;
// Opens a queue with nothing in it, at this time.
using Open = std::function<std::unique_ptr<JobQueue>(const JobQueueOptions&)>;

std::string text_of(Result<Answer> answer) {
  static const std::vector<std::string> names{"done", "already", "refused", "gone"};
  return answer.has_value() ? names.at(static_cast<std::size_t>(*answer)) : answer.error().message;
}

// A queue, its time, and what its calls say, in the model's words.
class Subject {
 public:
  explicit Subject(const Open& open) {
    JobQueueOptions options;
    options.lease = std::chrono::seconds(kModelLease);
    options.now = [this] { return now_; };
    queue_ = open(options);
    now_ += std::chrono::seconds(kModelLease);  // the grace of a new connection
  }

  std::string perform(const Operation& op, int attempt) {
    const JobId id{name_of(op.id)};
    const Claim claim{id, attempt};
    switch (op.kind) {
      case Operation::kEnqueue:
        return good(queue_->enqueue({op.job})).at(0) ? "1" : "0";
      case Operation::kClaim:
        return this->claim(op);
      case Operation::kBeat: {
        const Beat beat = good(queue_->heartbeat({claim})).at(0);
        return beat == Beat::kHeld ? "held" : beat == Beat::kStop ? "stop" : "lost";
      }
      case Operation::kComplete:
        return text_of(queue_->complete(claim, "null"));
      case Operation::kFail: {
        const auto after = std::array{AfterFailure::kMayRetry, AfterFailure::kNoRetry, AfterFailure::kWasStopped};
        return text_of(queue_->fail(claim, "it broke", after.at(static_cast<std::size_t>(op.after))));
      }
      case Operation::kHandBack:
        return text_of(queue_->hand_back(claim));
      case Operation::kCancel:
        return text_of(queue_->cancel(id));
      case Operation::kStop:
        return text_of(queue_->request_stop(id));
      case Operation::kRequeue:
        return text_of(queue_->requeue(id));
      case Operation::kRemove:
        return text_of(queue_->remove(id));
      default:
        return of_all(op);
    }
  }

  std::string snapshot() {
    std::string text;
    for (int queue = 0; queue < kModelQueues; ++queue) {
      text += queue_of(queue) + ":";
      const Page page = good(queue_->list({queue_of(queue)}, Place::kQueued, 0, 100));
      for (auto one = page.jobs.rbegin(); one != page.jobs.rend(); ++one) text += " " + one->id.text;
      const Counts counts = good(queue_->counts({queue_of(queue)}));
      for (const std::size_t count : {counts.deferred, counts.scheduled, counts.queued, counts.started, counts.finished,
                                      counts.failed, counts.cancelled}) {
        text += " " + std::to_string(count);
      }
      text += "\n";
    }
    for (int id = 0; id < kModelJobs; ++id) {
      const auto found = good(queue_->find({name_of(id)}));
      if (!found.has_value()) continue;
      const JobView& job = found->job;
      text += job.id.text + " " + job.queue.text + " " + std::string(to_text(job.state)) + " attempt " +
              std::to_string(job.attempt) + " left " + std::to_string(job.retries_left) +
              (job.stop_requested ? " stop" : "") + (job.lost ? " lost" : "");
      for (const std::string& node : job.lost_on) text += " " + node;
      text += "\n";
    }
    return text;
  }

 private:
  std::string claim(const Operation& op) {
    ClaimRequest request{{"w"}, "n" + std::to_string(op.id), {}, static_cast<std::size_t>(op.most)};
    for (int n = 0; n < kModelQueues; ++n) request.queues.push_back({queue_of((op.queue + n) % kModelQueues)});
    const Claims claims = good(queue_->claim(request));
    std::string text = claims.suspended ? "suspended" : "";
    for (const ClaimedJob& one : claims.jobs)
      text += one.claim.job.text + "#" + std::to_string(one.claim.attempt) + " ";
    return text;
  }

  std::string of_all(const Operation& op) {
    const auto most = static_cast<std::size_t>(op.most);
    if (op.kind == Operation::kReap) {
      const Reaped reaped = good(queue_->reap(most));
      std::string text;
      for (const JobId& id : reaped.back) text += id.text + " ";
      text += "| ";
      for (const JobId& id : reaped.ended) text += id.text + " ";
      return text;
    }
    if (op.kind == Operation::kDrain) return std::to_string(good(queue_->drain_due({queue_of(op.queue)}, most)));
    if (op.kind == Operation::kPass) now_ += std::chrono::seconds(op.most);
    const Status status = op.kind == Operation::kSuspend  ? queue_->suspend()
                          : op.kind == Operation::kResume ? queue_->resume()
                                                          : Status();
    return status.has_value() ? "" : status.error().message;
  }

  Stamp now_ = kBegin;
  std::unique_ptr<JobQueue> queue_;
};

// What is different after the shortest beginning of the sequence after which anything is, or nothing. Looking at
// everything costs more than an operation: `every` says how often, the end always.
std::string difference(const Operations& operations, const Open& open, std::size_t every) {
  JobModel model;
  Subject subject(open);
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const Operation& op = operations[i];
    const int attempt = model.attempt(op);
    const std::string expected = model.perform(op);
    const std::string said = subject.perform(op, attempt);
    if (said != expected) return fmt::format("said «{}» where the model says «{}»", said, expected);
    if ((i + 1) % every != 0 && i + 1 != operations.size()) continue;
    const std::string now = subject.snapshot();
    if (now != model.snapshot()) return "stands as\n" + now + "where the model has\n" + model.snapshot();
  }
  return "";
}

// Leaves out what can be left out, in ever smaller parts, while there is still a difference.
Operations shortest(Operations operations, const Open& open) {
  for (std::size_t part = operations.size() / 2; part >= 1;) {
    bool shorter = false;
    for (std::size_t at = 0; at + part <= operations.size();) {
      Operations without(operations.begin(), operations.begin() + static_cast<std::ptrdiff_t>(at));
      without.insert(without.end(), operations.begin() + static_cast<std::ptrdiff_t>(at + part), operations.end());
      if (difference(without, open, 1).empty()) {
        at += part;
      } else {
        operations = std::move(without);
        shorter = true;
      }
    }
    if (!shorter || part > 1) part = part / 2;
    if (part == 0 && shorter) part = 1;
  }
  return operations;
}

Operations sequence(unsigned seed) {
  std::mt19937 random(seed);
  Operations operations;
  for (int i = 0; i < kOperations; ++i) operations.push_back(draw(random));
  return operations;
}

// Empty, or the shortest sequence that shows a difference.
std::string divergence(const Operations& operations, const Open& open, std::size_t every) {
  if (difference(operations, open, every).empty()) return "";
  const Operations few = shortest(operations, open);
  std::string text;
  for (const Operation& op : few) text += jobs::text_of(op) + "\n";
  return text + difference(few, open, 1);
}

TEST(RandomOperations, ComeToEveryAnswer) {
  std::map<std::string, int> said;
  for (unsigned seed = 1; seed <= kSequences; ++seed) {
    JobModel model;
    for (const Operation& op : sequence(seed)) {
      const std::string name = jobs::text_of(op);
      ++said[name.substr(0, name.find(' ')) + " " + model.perform(op)];
    }
  }
  for (const char* name : {"complete", "fail", "hand_back", "cancel", "stop", "requeue", "remove"}) {
    for (const char* answer : {"done", "already", "refused", "gone"}) {
      if (std::string(name) == "remove" && std::string(answer) == "already") continue;
      EXPECT_GT(said[std::string(name) + " " + answer], 10) << name << " " << answer;
    }
  }
  for (const char* beat : {"beat held", "beat stop", "beat lost", "claim suspended", "drain 2", "enqueue 0"}) {
    EXPECT_GT(said[beat], 10) << beat;
  }
}

TEST(RandomOperations, OnTheQueueInMemoryGoAsInTheModel) {
  const Open open = [](const JobQueueOptions& options) { return good(open_job_queue("memory:", options)); };
  for (unsigned seed = 1; seed <= kSequences; ++seed) ASSERT_EQ(divergence(sequence(seed), open, 1), "") << seed;
}

TEST(RandomOperations, OnRedisGoAsInTheModel) {
  const Open open = [](const JobQueueOptions& options) { return good(open_job_queue(Redis::url(), options)); };
  for (unsigned seed = 1; seed <= kSequences; ++seed) ASSERT_EQ(divergence(sequence(seed), open, 5), "") << seed;
}

// A queue that takes the word of any attempt for that of the last: what the comparison has to find.
class Forgetful final : public JobQueue {
 public:
  explicit Forgetful(std::unique_ptr<JobQueue> queue) : queue_(std::move(queue)) {}
  Result<std::vector<bool>> enqueue(const std::vector<NewJob>& jobs) override { return queue_->enqueue(jobs); }
  Result<Claims> claim(const ClaimRequest& request) override { return queue_->claim(request); }
  Result<std::vector<Beat>> heartbeat(const std::vector<Claim>& claims) override { return queue_->heartbeat(claims); }
  Result<std::vector<Answer>> settle(const std::vector<Settlement>& settlements) override {
    std::vector<Settlement> changed = settlements;
    for (Settlement& one : changed) {
      const auto found = good(queue_->find(one.claim.job));
      if (found && one.how == Settlement::How::kComplete) one.claim.attempt = found->job.attempt;
    }
    return queue_->settle(changed);
  }
  Result<std::vector<bool>> tell(const std::vector<Told>& told) override { return queue_->tell(told); }
  Result<Tail> watch_output(const JobId& id) override { return queue_->watch_output(id); }
  Result<std::vector<JobId>> return_unknown(const WorkerId& worker, const std::vector<Claim>& known) override {
    return queue_->return_unknown(worker, known);
  }
  Result<Answer> cancel(const JobId& id) override { return queue_->cancel(id); }
  Result<Answer> request_stop(const JobId& id) override { return queue_->request_stop(id); }
  Result<Answer> requeue(const JobId& id) override { return queue_->requeue(id); }
  Result<Answer> remove(const JobId& id) override { return queue_->remove(id); }
  Result<Reaped> reap(std::size_t most) override { return queue_->reap(most); }
  Result<std::size_t> drain_due(const QueueName& queue, std::size_t most) override {
    return queue_->drain_due(queue, most);
  }
  Result<std::size_t> cancel_waiting(const QueueName& queue) override { return queue_->cancel_waiting(queue); }
  Status describe(const QueueName& queue, const About& about) override { return queue_->describe(queue, about); }
  Result<Emptied> empty(const QueueName& queue) override { return queue_->empty(queue); }
  Status present(const WorkerRecord& record) override { return queue_->present(record); }
  Status leave(const WorkerId& worker) override { return queue_->leave(worker); }
  Result<std::vector<WorkerView>> workers() override { return queue_->workers(); }
  Status put_output(const JobId& id, std::uint64_t offset, std::string_view piece) override {
    return queue_->put_output(id, offset, piece);
  }
  Result<std::string> output(const JobId& id, std::uint64_t offset) override { return queue_->output(id, offset); }
  Status keep_manifest(const std::string& name, const std::string& text) override {
    return queue_->keep_manifest(name, text);
  }
  Result<std::optional<std::string>> manifest(const std::string& name) override { return queue_->manifest(name); }
  Result<std::vector<QueueView>> queues() override { return queue_->queues(); }
  Status suspend() override { return queue_->suspend(); }
  Status resume() override { return queue_->resume(); }
  Result<bool> is_suspended() override { return queue_->is_suspended(); }
  Result<Counts> counts(const QueueName& queue) override { return queue_->counts(queue); }
  Result<Page> list(const QueueName& queue, Place place, std::size_t offset, std::size_t most) override {
    return queue_->list(queue, place, offset, most);
  }
  Result<std::optional<JobDetails>> find(const JobId& id) override { return queue_->find(id); }

 private:
  std::unique_ptr<JobQueue> queue_;
};

TEST(RandomOperations, FindAFaultAndShowItInItsShortestSequence) {
  const Open open = [](const JobQueueOptions& options) {
    return std::make_unique<Forgetful>(good(open_job_queue("memory:", options)));
  };
  Operations found;
  for (unsigned seed = 1; found.empty() && seed <= kSequences; ++seed) {
    if (!difference(sequence(seed), open, 1).empty()) found = shortest(sequence(seed), open);
  }
  std::string text;
  for (const Operation& op : found) text += jobs::text_of(op) + "\n";
  EXPECT_LE(found.size(), 6U) << text;
  EXPECT_THAT(text, testing::StartsWith("enqueue"));
  EXPECT_THAT(text, testing::HasSubstr("complete"));
}

}  // namespace
}  // namespace simswarm::jobs
