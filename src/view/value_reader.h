// Reads the scalars of followed campaigns, in a thread of its own, while somebody asks for them.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "view/followed.h"
#include "view/values.h"

namespace simswarm::view {

// What has been read by now; whoever reads it holds the mutex.
struct ReadValues {
  explicit ReadValues(std::size_t runs) : values(runs) {}
  std::mutex mutex;
  Values values;
  std::string trouble;                       // why nothing more is read
  std::map<std::size_t, Monotonic> tried{};  // positions without a result, and when that was seen
};

class ValueReader {
 public:
  // Reads those of some runs; `take` once for each that has been read, whatever was in it.
  using Take = std::function<void(std::size_t position, const std::vector<result::Observation>& observations)>;
  using Read =
      std::function<Status(const Followed& campaign, const std::vector<std::size_t>& positions, const Take& take)>;
  static constexpr std::size_t kAtOnce = 200;             // runs
  static constexpr std::chrono::milliseconds kPace{600};  // between such
  static constexpr std::chrono::seconds kWanted{60};      // after the last question
  static constexpr std::size_t kMostCampaigns = 3;
  static constexpr std::chrono::seconds kTryAgain{30};  // what had no result

  ValueReader(Read read, std::function<void()> news);
  ValueReader(const ValueReader&) = delete;
  ValueReader& operator=(const ValueReader&) = delete;
  ~ValueReader();

  // From any thread; goes on reading.
  [[nodiscard]] std::shared_ptr<ReadValues> of(const std::shared_ptr<Followed>& campaign);
  // How many runs of each campaign have been read.
  [[nodiscard]] std::map<std::string, std::size_t> read() const;

 private:
  struct Wanted {
    std::shared_ptr<Followed> campaign;
    std::shared_ptr<ReadValues> values;
    Monotonic asked{};
  };
  void work();
  bool read_some(const Wanted& wanted);

  Read read_;
  std::function<void()> news_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Wanted> wanted_;
  bool is_ending_ = false;
  std::thread thread_;
};

// From the stored results of the campaign's runs.
[[nodiscard]] Status read_stored_values(store::Store& store, const Followed& campaign,
                                        const std::vector<std::size_t>& positions, const ValueReader::Take& take);

}  // namespace simswarm::view
