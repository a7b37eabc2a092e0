// Stands between workers and a Redis server, on a Unix socket of its own, and breaks the line where a test says: before
// the server has a request, before the worker has the reply, in the middle of it.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"

namespace simswarm::jobs {

// What is asked of the server and what it says.
struct Exchange {
  std::string name;                // of the script, like «claim», or else the command, like «GET»
  std::vector<std::string> words;  // of the request
  std::string reply;               // as it was sent; empty as long as there is none
};
[[nodiscard]] bool gave_jobs(const Exchange& exchange);  // a «claim» that was answered with jobs

enum class Moment {
  kAsked,     // the server does not have the request
  kAnswered,  // it has carried it out; who asked does not know
  kTold,      // who asked has the reply
};

// How it goes on.
struct Then {
  enum class Kind {
    kGoOn,
    kCut,      // the connection ends, after so many bytes of the reply
    kSwallow,  // it stays, and nothing goes through it any more
  };
  Kind kind = Kind::kGoOn;
  std::size_t bytes = 0;
};

class FaultProxy {
 public:
  using Which = std::function<bool(const Exchange&)>;
  using Do = std::function<Then(const Exchange&)>;

  // Listens on one socket for clients of the server on the other, which may go and come.
  FaultProxy(const fs::path& socket, fs::path server);
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;
  ~FaultProxy();  // ends all connections

  // Once, at the first exchange of this name that is `which`. Called in the proxy's thread, while everything waits.
  void at(
      std::string name, Moment moment, Do what, Which which = [](const Exchange&) { return true; });
  // At each exchange, whatever it is, until it is called again with nothing.
  void at_each(Moment moment, Do what);
  [[nodiscard]] int happened() const { return happened_; }  // how many at() have

  // While it is held nothing goes through, as with a server or a network that stands still.
  void hold(bool held);
  // Each reply comes so much later.
  void delay(std::chrono::milliseconds time) { delay_ = time.count(); }
  void cut_all();
  [[nodiscard]] int connections() const { return connections_; }  // that were made through it

 private:
  struct Rule {
    std::string name;
    Moment moment;
    Do what;
    Which which;
  };
  struct Line {
    Fd client;
    Fd server;
    std::string asked{};     // that is not a whole request yet
    std::string answered{};  // nor a whole reply
    std::deque<Exchange> waiting{};
    bool is_channel = false;  // messages come unasked
    bool is_mute = false;
    bool is_over = false;
  };

  void work();
  void accept_one();
  void take_request(Line& line);
  void take_reply(Line& line);
  void ask(Line& line, const std::string& request);
  void answer(Line& line, std::string reply);
  Then fire(Moment moment, const Exchange& exchange);
  [[nodiscard]] std::string name_of(const std::vector<std::string>& words) const;
  void learn(const Exchange& exchange);
  void wake() const;

  fs::path server_;
  Fd listener_;
  Fd wake_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::map<std::string, std::string, std::less<>> scripts_;  // name by digest
  std::atomic<bool> ends_ = false;
  std::atomic<bool> held_ = false;
  std::atomic<bool> cuts_ = false;
  std::atomic<std::int64_t> delay_ = 0;
  std::atomic<int> happened_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;  // the two below
  std::vector<Rule> rules_;
  std::map<Moment, Do> each_;
  std::thread thread_;
};

}  // namespace simswarm::jobs
