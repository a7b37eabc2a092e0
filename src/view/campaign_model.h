// All runs of a campaign as they stand, in memory: some 60 bytes a run and what its name takes. What is asked of it is
// answered without a server.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "model/run_list.h"
#include "view/cell.h"

namespace simswarm::view {

// Of a run's last attempt. Moments are seconds since 1970, 0 where there is none.
struct Facts {
  Cell cell = Cell::kUnknown;
  std::uint16_t attempt = 0;  // its number; 0: none
  std::uint32_t place = 0;    // where: CampaignModel::place()
  float seconds = 0;          // that it took, or has taken
  double started = 0, ended = 0;
  std::uint64_t memory = 0;  // at most, bytes; 0: not known
  bool is_exact = false;     // its times are the attempt's own: the queue knows when it was claimed, ahead of its turn
  bool is_whole = false;     // what the store or the ledger knows of it is in here, not only what the queue says
  friend bool operator==(const Facts&, const Facts&) = default;
};

struct Place {
  std::string worker, host;
  friend auto operator<=>(const Place&, const Place&) = default;
};

// An iteration variable and its values, in the order in which they first come.
struct Axis {
  std::string name;
  std::vector<std::string> values;
};

class CampaignModel {
 public:
  static constexpr std::uint16_t kNoValue = 65535;
  static constexpr std::size_t kMostChanges = 20'000;  // that are remembered

  CampaignModel(RunList runs, std::vector<DigestBytes> keys);

  [[nodiscard]] std::size_t size() const { return facts_.size(); }
  [[nodiscard]] Run run(std::size_t position) const { return runs_[position]; }
  [[nodiscard]] const std::string& config(std::size_t position) const { return runs_.config(position); }
  [[nodiscard]] RunKey key(std::size_t position) const { return {Digest::of_bytes(keys_.at(position))}; }
  [[nodiscard]] std::optional<std::size_t> position_of(const DigestBytes& key) const;
  [[nodiscard]] const Facts& facts(std::size_t position) const { return facts_[position]; }

  void set(std::size_t position, const Facts& facts);
  [[nodiscard]] std::uint32_t place(const Place& place);
  [[nodiscard]] const Place& place(std::uint32_t index) const { return places_.at(index); }

  // Grows when a cell changes. It begins with the time: stamps of an earlier model are known for what they are.
  [[nodiscard]] std::uint64_t stamp() const { return stamp_; }
  // Grows with anything.
  [[nodiscard]] std::uint64_t edits() const { return edits_; }
  // The cells that changed behind a stamp, each once; nothing: that is too long ago to be known.
  [[nodiscard]] std::optional<std::vector<std::size_t>> changed_since(std::uint64_t stamp) const;
  [[nodiscard]] std::size_t count(Cell cell) const { return counts_.at(static_cast<std::size_t>(cell)); }

  [[nodiscard]] const std::vector<std::string>& configs() const { return configs_; }
  [[nodiscard]] const std::vector<Axis>& axes() const { return axes_; }
  [[nodiscard]] std::size_t config_index(std::size_t position) const { return config_of_[position]; }
  // kNoValue: it has no such variable.
  [[nodiscard]] std::uint16_t value_index(std::size_t axis, std::size_t position) const;
  [[nodiscard]] std::uint16_t repetition(std::size_t position) const { return repetitions_[position]; }

 private:
  void index_run(std::size_t position, const Run& run);

  RunList runs_;
  std::vector<DigestBytes> keys_;
  std::vector<Facts> facts_;
  std::vector<Place> places_{{}};
  std::vector<std::size_t> counts_;
  std::uint64_t stamp_;
  std::uint64_t first_stamp_;
  std::uint64_t edits_ = 0;
  std::deque<std::pair<std::uint64_t, std::size_t>> changes_;  // stamp and position

  struct KeyHash {
    std::size_t operator()(const DigestBytes& key) const;
  };
  std::unordered_map<DigestBytes, std::size_t, KeyHash> positions_;
  std::vector<std::string> configs_;
  std::vector<Axis> axes_;
  std::vector<std::unordered_map<std::string, std::uint16_t>> value_indexes_;
  std::vector<std::uint16_t> config_of_, repetitions_;
  std::vector<std::vector<std::uint16_t>> values_;  // of each axis, by position
};

}  // namespace simswarm::view
