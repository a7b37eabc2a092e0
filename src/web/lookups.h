// Questions that take a while, answered beside the server's thread: each is asked once for all who want it, and all
// together not more often than servers should be asked.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/time.h"
#include "web/server.h"

namespace simswarm::web {

class Lookups {
 public:
  using Make = std::function<Response()>;
  static constexpr std::size_t kMostAnswers = 300;
  static constexpr std::size_t kMostBytes = 24U << 20U;  // of the answers that are kept
  static constexpr std::size_t kMostWaiting = 100;
  static constexpr double kRate = 1;    // questions a second, in the long run
  static constexpr double kBurst = 15;  // that may come at once

  // `news` after each answer, from a thread of ours; `rate`: questions a second, in the long run.
  explicit Lookups(std::function<void()> news, double rate = kRate);
  Lookups(const Lookups&) = delete;
  Lookups& operator=(const Lookups&) = delete;
  ~Lookups();

  // Nothing: it is on its way. An answer that is not older than `fresh` serves again; when many questions are asked an
  // older one does, too. From any thread; `make` runs in ours.
  [[nodiscard]] std::optional<Response> find(const std::string& name, std::chrono::milliseconds fresh,
                                             const Make& make);
  // Once for this name, whatever it costs: for what changes something.
  [[nodiscard]] std::optional<Response> once(const std::string& name, const Make& make);
  // What is known may have changed.
  void forget();

 private:
  struct Answer {
    std::optional<Response> response;
    Monotonic made{};
    bool is_wanted = false;
    std::list<std::string>::iterator place;
  };
  void work();
  void fill();
  // Too much is asked.
  Response refuse(std::map<std::string, Answer>::iterator of);
  void keep(const std::string& name, Response response);
  std::optional<Response> want(const std::string& name, std::chrono::milliseconds fresh, const Make& make,
                               bool is_free);

  std::function<void()> news_;
  double rate_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Answer> answers_;
  std::list<std::string> used_;  // the one that was used longest ago first
  std::deque<std::pair<std::string, Make>> waiting_;
  std::size_t bytes_ = 0;
  std::uint64_t generation_ = 0;
  double tokens_ = kBurst;
  Monotonic filled_{};
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace simswarm::web
