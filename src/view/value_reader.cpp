#include "view/value_reader.h"

#include <algorithm>

#include "base/signals.h"
#include "view/result_files.h"

namespace simswarm::view {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMostFile = 16U << 20U;  // bytes of a file with scalars

}  // namespace

ValueReader::ValueReader(Read read, std::function<void()> news) : read_(std::move(read)), news_(std::move(news)) {
  const SignalsBlocked blocked;  // they are for the thread that waits for them
  thread_ = std::thread([this] { work(); });
}

ValueReader::~ValueReader() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::shared_ptr<ReadValues> ValueReader::of(const std::shared_ptr<Followed>& campaign) {
  const std::lock_guard lock(mutex_);
  Wanted& wanted = wanted_[campaign->record.id];
  if (wanted.campaign != campaign) wanted = {campaign, std::make_shared<ReadValues>(campaign->model.size()), {}};
  wanted.asked = Clock::now();
  while (wanted_.size() > kMostCampaigns) {
    const auto oldest = std::ranges::min_element(wanted_, {}, [](const auto& one) { return one.second.asked; });
    wanted_.erase(oldest);
  }
  changed_.notify_all();
  return wanted_[campaign->record.id].values;
}

std::map<std::string, std::size_t> ValueReader::read() const {
  std::map<std::string, std::size_t> all;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, one] : wanted_) {
    const std::lock_guard inner(one.values->mutex);
    all[id] = one.values->values.read();
  }
  return all;
}

void ValueReader::work() {
  for (;;) {
    std::vector<Wanted> all;
    {
      std::unique_lock lock(mutex_);
      const Monotonic now = Clock::now();
      for (const auto& [id, one] : wanted_) {
        if (now - one.asked < kWanted) all.push_back(one);
      }
      if (all.empty() && !is_ending_) changed_.wait_for(lock, std::chrono::seconds(5));
      if (is_ending_) return;
    }
    bool has_read = false;
    for (const Wanted& one : all) has_read = read_some(one) || has_read;
    if (has_read && news_) news_();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPace, [this] { return is_ending_; });
    if (is_ending_) return;
  }
}

bool ValueReader::read_some(const Wanted& wanted) {
  std::vector<std::size_t> positions;
  {
    const std::scoped_lock lock(wanted.campaign->mutex, wanted.values->mutex);
    const CampaignModel& model = wanted.campaign->model;
    std::erase_if(wanted.values->tried, [](const auto& one) { return Clock::now() - one.second > kTryAgain; });
    for (std::size_t i = 0; i < model.size() && positions.size() < kAtOnce; ++i) {
      const bool is_due = !wanted.values->values.is_read(i) && !wanted.values->tried.contains(i);
      if (is_due && view::is_complete(model.facts(i).cell)) positions.push_back(i);
    }
  }
  if (positions.empty()) return false;
  std::size_t taken = 0;
  const Status done =
      read_(*wanted.campaign, positions, [&](std::size_t position, const std::vector<result::Observation>& found) {
        const std::lock_guard lock(wanted.values->mutex);
        wanted.values->values.add(position, found);
        ++taken;
      });
  const std::lock_guard lock(wanted.values->mutex);
  wanted.values->trouble = done ? "" : done.error().message;
  for (const std::size_t position : positions) {
    if (done && !wanted.values->values.is_read(position)) wanted.values->tried[position] = Clock::now();
  }
  return taken > 0;
}

Status read_stored_values(store::Store& store, const Followed& campaign, const std::vector<std::size_t>& positions,
                          const ValueReader::Take& take) {
  std::vector<RunKey> keys;
  for (const std::size_t position : positions) keys.push_back(campaign.model.key(position));
  SIMSWARM_TRY(const auto records, store.results(keys, store::Part::kAll));
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!records[i]) continue;  // not there yet: the queue was told first
    std::vector<result::Observation> all;
    const Status read = each_result_file(
        store, *records[i], kMostFile, [](const std::string& path) { return path.ends_with(".sca"); },
        [&](const std::string&, const std::string& content) {
          const auto file = MemoryFile::of(content);
          if (!file) return;
          // A file that cannot be read has no values.
          auto found = result::read_observations(file->path(), {});
          if (found) std::ranges::move(*found, std::back_inserter(all));
        });
    if (!read && read.error().can_retry) return read;
    take(positions[i], all);
  }
  return {};
}

}  // namespace simswarm::view
