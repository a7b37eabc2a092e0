// A model of JobQueue, as plain as can be and written apart from the life that the back ends share; operations that are
// drawn at random; and what differs, as its shortest sequence.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "job_queue_support.h"

namespace simswarm::jobs {

inline constexpr int kModelJobs = 8;
inline constexpr int kModelQueues = 2;
inline constexpr int kModelLease = 10;

// All of it drawn at once, so that any part of a sequence is a sequence. `old` is how many attempts ago.
struct Operation {
  enum Kind {
    kEnqueue,
    kClaim,
    kBeat,
    kComplete,
    kFail,
    kHandBack,
    kCancel,
    kStop,
    kRequeue,
    kRemove,
    kReap,
    kDrain,
    kSuspend,
    kResume,
    kPass,
    kKinds
  };
  Kind kind = kEnqueue;
  int id = 0;
  int queue = 0;
  int most = 1;
  int old = 0;
  int after = 0;
  NewJob job;
};

inline std::string name_of(int id) {
  return "j" + std::to_string(id);
}
inline std::string queue_of(int queue) {
  return "q" + std::to_string(queue);
}

inline Operation draw(std::mt19937& random) {
  const auto below = [&](int end) { return static_cast<int>(random() % static_cast<unsigned>(end)); };
  static const std::vector<int> often{7, 9, 6, 5, 6, 2, 2, 3, 3, 2, 4, 5, 1, 2, 6};
  std::discrete_distribution<int> kinds(often.begin(), often.end());
  Operation op;
  op.kind = static_cast<Operation::Kind>(kinds(random));
  op.id = below(kModelJobs);
  op.queue = below(kModelQueues);
  op.most = 1 + below(op.kind == Operation::kPass ? 12 : 3);
  op.old = below(5) == 0 ? 1 : 0;
  op.after = below(3);
  op.job.id = {name_of(op.id)};
  op.job.queue = {queue_of(op.queue)};
  op.job.payload = "[]";
  op.job.result_ttl = below(3) == 0 ? std::chrono::seconds(0) : kForever;
  op.job.failure_ttl = kForever;
  op.job.retries = below(3);
  if (below(2) == 0) op.job.back_off = {std::chrono::seconds(15)};
  if (below(4) == 0) op.job.back_off.emplace_back(0);
  op.job.max_lost = 1 + below(3);
  op.job.at_front = below(4) == 0;
  op.job.allow_failed_dependencies = below(2) == 0;
  if (below(4) == 0) op.job.delay = std::chrono::seconds(5 + below(20));
  if (op.job.delay.count() == 0 && below(2) == 0) {
    for (int n = below(2); n >= 0; --n) {
      if (const int parent = below(kModelJobs); parent != op.id) op.job.depends_on.push_back({name_of(parent)});
    }
  }
  return op;
}

inline std::string text_of(const Operation& op) {
  static const std::vector<std::string> names{"enqueue",   "claim",  "beat",    "complete", "fail",
                                              "hand_back", "cancel", "stop",    "requeue",  "remove",
                                              "reap",      "drain",  "suspend", "resume",   "pass"};
  std::string text = names.at(static_cast<std::size_t>(op.kind)) + " " + name_of(op.id) + " " + queue_of(op.queue) +
                     " most=" + std::to_string(op.most) + " old=" + std::to_string(op.old) +
                     " after=" + std::to_string(op.after);
  if (op.kind != Operation::kEnqueue) return text;
  text += " ttl=" + std::to_string(op.job.result_ttl.count()) + " retries=" + std::to_string(op.job.retries) +
          " waits=" + std::to_string(op.job.back_off.size()) + " max_lost=" + std::to_string(op.job.max_lost) +
          " front=" + std::to_string(op.job.at_front) + " delay=" + std::to_string(op.job.delay.count());
  for (const JobId& parent : op.job.depends_on) text += " after " + parent.text;
  return text + (op.job.allow_failed_dependencies ? " (failed will do)" : "");
}

class JobModel {
 public:
  // What the call says, as text.
  std::string perform(const Operation& op) {
    switch (op.kind) {
      case Operation::kEnqueue:
        return enqueue(op.job);
      case Operation::kClaim:
        return claim(op);
      case Operation::kReap:
        return reap(op.most);
      case Operation::kDrain:
        return drain(op);
      case Operation::kSuspend:
      case Operation::kResume:
        suspended_ = op.kind == Operation::kSuspend;
        return "";
      case Operation::kPass:
        now_ += op.most;
        return "";
      default:
        return of_one(op);
    }
  }

  // The attempt that the operation is about.
  [[nodiscard]] int attempt(const Operation& op) const {
    const auto found = jobs_.find(name_of(op.id));
    return found == jobs_.end() ? 1 : std::max(found->second.attempt - op.old, 0);
  }

  // Everything that can be seen: the queues in their order, and each job.
  [[nodiscard]] std::string snapshot() const {
    std::string text;
    for (int queue = 0; queue < kModelQueues; ++queue) {
      text += queue_of(queue) + ":";
      const auto order = orders_.find(queue_of(queue));
      if (order != orders_.end()) {
        for (const std::string& id : order->second) text += " " + id;
      }
      for (const char* status : {"deferred", "scheduled", "queued", "started", "finished", "failed", "canceled"}) {
        const auto is = [&](const auto& one) {
          const std::string stands = one.second.status == "stopped" ? "failed" : one.second.status;
          return one.second.queue == queue_of(queue) && stands == status;
        };
        text += " " + std::to_string(std::count_if(jobs_.begin(), jobs_.end(), is));
      }
      text += "\n";
    }
    for (const auto& [id, one] : jobs_) {
      text += id + " " + one.queue + " " + one.status + " attempt " + std::to_string(one.attempt) + " left " +
              std::to_string(one.left) + (one.stop && one.status == "started" ? " stop" : "") +
              (one.lost ? " lost" : "");
      for (const std::string& node : one.lost_on) text += " " + node;
      text += "\n";
    }
    return text;
  }

 private:
  struct One {
    std::string queue, status, node;
    NewJob job;
    int attempt = 0, settled = 0, left = 0, lease = 0, due = 0;
    bool stop = false, lost = false;
    std::vector<std::string> lost_on;
  };

  [[nodiscard]] bool met(const NewJob& job) const {
    return std::all_of(job.depends_on.begin(), job.depends_on.end(), [&](const JobId& parent) {
      const auto found = jobs_.find(parent.text);
      if (found == jobs_.end() || found->second.status == "finished") return true;
      return job.allow_failed_dependencies && found->second.status == "failed";
    });
  }
  void queue_up(const std::string& id, bool front) {
    One& one = jobs_.at(id);
    auto& order = orders_[one.queue];
    order.insert(front ? order.begin() : order.end(), id);
    one.status = "queued";
    one.stop = false;
  }
  void dequeue(const std::string& id) {
    auto& order = orders_[jobs_.at(id).queue];
    order.erase(std::remove(order.begin(), order.end(), id), order.end());
  }
  // Whoever waited for a job that has ended.
  void look_at_children(const std::string& parent) {
    for (auto& [id, one] : jobs_) {
      const auto& parents = one.job.depends_on;
      const bool child = std::find(parents.begin(), parents.end(), JobId{parent}) != parents.end();
      if (child && one.status == "deferred" && met(one.job)) queue_up(id, one.job.at_front);
    }
  }

  std::string enqueue(const NewJob& job) {
    if (jobs_.count(job.id.text) != 0) return "0";
    const bool waits = !met(job);
    One& one = jobs_[job.id.text];
    one.queue = job.queue.text;
    one.job = job;
    one.left = job.retries;
    one.due = now_ + static_cast<int>(job.delay.count());
    if (waits) {
      one.status = "deferred";
    } else if (job.delay.count() > 0) {
      one.status = "scheduled";
    } else {
      queue_up(job.id.text, job.at_front);
    }
    return "1";
  }

  std::string claim(const Operation& op) {
    if (suspended_) return "suspended";
    std::string text;
    for (int n = 0; n < kModelQueues && text.empty(); ++n) {
      auto& order = orders_[queue_of((op.queue + n) % kModelQueues)];
      for (int taken = 0; taken < op.most && !order.empty(); ++taken) {
        const std::string id = order.front();
        order.erase(order.begin());
        One& one = jobs_.at(id);
        one.status = "started";
        one.attempt += 1;
        one.node = "n" + std::to_string(op.id);
        one.lease = now_ + kModelLease;
        text += id + "#" + std::to_string(one.attempt) + " ";
      }
    }
    return text;
  }

  std::string reap(int most) {
    std::vector<std::pair<int, std::string>> out;
    for (const auto& [id, one] : jobs_) {
      if (one.status == "started" && one.lease <= now_) out.emplace_back(one.lease, id);
    }
    std::sort(out.begin(), out.end());
    std::string back, ended;
    for (int i = 0; i < most && i < static_cast<int>(out.size()); ++i) {
      const std::string id = out[static_cast<std::size_t>(i)].second;
      One& one = jobs_.at(id);
      one.lost_on.push_back(one.node);
      const bool too_often = static_cast<int>(one.lost_on.size()) >= one.job.max_lost;
      if (!one.stop && !too_often) {
        queue_up(id, true);
        back += id + " ";
        continue;
      }
      one.status = one.stop ? "stopped" : "failed";
      one.lost = !one.stop;
      look_at_children(id);
      ended += id + " ";
    }
    return back + "| " + ended;
  }

  std::string drain(const Operation& op) {
    std::vector<std::pair<int, std::string>> due;
    for (const auto& [id, one] : jobs_) {
      if (one.status == "scheduled" && one.queue == queue_of(op.queue) && one.due <= now_)
        due.emplace_back(one.due, id);
    }
    std::sort(due.begin(), due.end());
    if (static_cast<int>(due.size()) > op.most) due.resize(static_cast<std::size_t>(op.most));
    for (const auto& [when, id] : due) queue_up(id, jobs_.at(id).job.at_front);
    return std::to_string(due.size());
  }

  std::string of_one(const Operation& op) {
    const std::string id = name_of(op.id);
    const bool there = jobs_.count(id) != 0;
    if (!there) return op.kind == Operation::kBeat ? "lost" : "gone";
    One& one = jobs_.at(id);
    switch (op.kind) {
      case Operation::kCancel:
        return cancel(id, one);
      case Operation::kStop:
        if (one.status == "stopped" || (one.status == "started" && one.stop)) return "already";
        if (one.status != "started") return "refused";
        one.stop = true;
        return "done";
      case Operation::kRequeue:
        return requeue(id, one);
      case Operation::kRemove:
        return remove(id, one);
      default:
        return of_attempt(op, id, one);
    }
  }

  std::string of_attempt(const Operation& op, const std::string& id, One& one) {
    const int number = attempt(op);
    const bool held = one.status == "started" && one.attempt == number;
    if (op.kind == Operation::kBeat) {
      if (!held) return "lost";
      one.lease = now_ + kModelLease;
      return one.stop ? "stop" : "held";
    }
    if (!held) return number > 0 && one.settled == number ? "already" : "refused";
    one.settled = number;
    if (op.kind == Operation::kHandBack) {
      queue_up(id, true);
    } else if (op.kind == Operation::kComplete) {
      one.status = "finished";
      const bool forget = one.job.result_ttl.count() == 0;
      look_at_children(id);
      if (forget) jobs_.erase(id);
    } else {
      fail(op, id, one);
    }
    return "done";
  }

  void fail(const Operation& op, const std::string& id, One& one) {
    if (op.after == 0 && one.left > 0) {
      const auto& waits = one.job.back_off;
      const int from_end = std::min(one.left, static_cast<int>(waits.size()));
      const auto wait = waits.empty() ? 0 : waits[waits.size() - static_cast<std::size_t>(from_end)].count();
      one.left -= 1;
      queue_up(id, true);
      if (wait == 0) return;
      dequeue(id);
      one.status = "scheduled";
      one.due = now_ + static_cast<int>(wait);
      return;
    }
    one.status = op.after == 2 ? "stopped" : "failed";
    look_at_children(id);
  }

  std::string cancel(const std::string& id, One& one) {
    if (one.status == "canceled") return "already";
    if (one.status == "finished" || one.status == "failed" || one.status == "stopped") return "refused";
    dequeue(id);
    one.status = "canceled";
    return "done";
  }

  std::string requeue(const std::string& id, One& one) {
    if (one.status == "queued") return "already";
    if (one.status != "failed" && one.status != "stopped" && one.status != "canceled") return "refused";
    one.lost_on.clear();
    one.lost = false;
    if (met(one.job)) {
      queue_up(id, false);
    } else {
      one.status = "deferred";
    }
    return "done";
  }

  std::string remove(const std::string& id, One& one) {
    if (one.status == "started") return "refused";
    for (const auto& [other, child] : jobs_) {
      const auto& parents = child.job.depends_on;
      const bool waits =
          child.status == "deferred" && std::find(parents.begin(), parents.end(), JobId{id}) != parents.end();
      if (waits && one.status != "finished") return "refused";
    }
    dequeue(id);
    jobs_.erase(id);
    return "done";
  }

  std::map<std::string, One> jobs_;
  std::map<std::string, std::vector<std::string>> orders_;
  bool suspended_ = false;
  int now_ = 0;
};

}  // namespace simswarm::jobs
