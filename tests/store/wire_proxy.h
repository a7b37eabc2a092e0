// Stands between clients and a server that speaks MongoDB's protocol, on a Unix socket of its own, and breaks the line
// where a test says. It knows what is asked by the first words of a message: «insert fs.chunks», «find results»,
// «getMore», ….
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "base/files.h"

namespace simswarm::store {

enum class Break {
  kNothing,
  kAsked,      // the connection ends before the server has the question
  kAnswered,   // it ends when the server has answered, and nothing of that is passed on
  kHalfReply,  // it ends in the middle of the reply
  kRefused,    // an error of the server's own is said in its place; the line stays
};

class WireProxy {
 public:
  WireProxy(const fs::path& socket, fs::path server);
  WireProxy(const WireProxy&) = delete;
  WireProxy& operator=(const WireProxy&) = delete;
  ~WireProxy();

  // Once, at the `count`th question of this name from now on.
  void at(std::string name, int count, Break what);
  [[nodiscard]] bool happened() const { return what_ == Break::kNothing; }
  // Each reply comes so much later.
  void delay(std::chrono::milliseconds time) { delay_ = time.count(); }

 private:
  void accept_all();
  void serve(int client, int server);
  Break fire(const std::string& name);

  fs::path server_;
  Fd listener_;
  std::atomic<std::int64_t> delay_ = 0;
  std::atomic<Break> what_ = Break::kNothing;
  std::mutex mutex_;  // the three below
  std::string name_;
  int count_ = 0;
  std::list<std::pair<Fd, Fd>> lines_;
  std::list<std::thread> threads_;
  std::thread accepting_;
};

// «mongodb://%2Ftmp%2F…/DATABASE»
std::string url_of_socket(const fs::path& socket, const std::string& database);

}  // namespace simswarm::store
