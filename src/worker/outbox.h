// Outcomes on their way to the queue: on disk until it has taken them. Internal to this room.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "worker/spool.h"

namespace simswarm::worker {

// For one thread at a time.
class Outbox {
 public:
  Outbox(std::unique_ptr<Spool> spool, std::function<void(const std::string&)> say)
      : spool_(std::move(spool)), say_(std::move(say)) {}

  // They are on disk when this returns, as far as it can be written.
  void put(std::vector<jobs::Settlement> settlements);
  void put_in_memory(jobs::Settlement settlement) { all_.push_back(std::move(settlement)); }
  // Takes over those of workers of this machine that have gone; with `own` also of one of our name.
  void adopt(bool own);

  [[nodiscard]] std::vector<jobs::Settlement> first(std::size_t most) const;
  void drop_first(std::size_t count);
  void clear_disk();  // once all have been taken

  [[nodiscard]] const std::vector<jobs::Settlement>& all() const { return all_; }
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  [[nodiscard]] bool empty() const { return all_.empty(); }
  [[nodiscard]] bool has(const jobs::Claim& claim) const;
  [[nodiscard]] const fs::path& folder() const { return spool_->path(); }

 private:
  void tell_of_disk(const Error& error);

  std::unique_ptr<Spool> spool_;
  std::function<void(const std::string&)> say_;
  std::vector<jobs::Settlement> all_;
  bool told_disk_ = false;
};

}  // namespace simswarm::worker
