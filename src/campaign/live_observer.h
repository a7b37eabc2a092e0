// Keeps the file that tells others what a campaign of this machine is at (ledger/live.h), and passes on all it is told.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "campaign/campaign.h"
#include "ledger/live.h"

namespace simswarm::campaign {

// Nothing is written in the first second: of a campaign that is as short nobody sees anything. That the file cannot be
// written troubles nobody.
class LiveObserver final : public Observer {
 public:
  static constexpr std::chrono::milliseconds kPace{1'000};
  static constexpr std::chrono::seconds kSign{4};  // written at least as often, for who can tell by that alone

  // All of them outlive the object.
  LiveObserver(Observer& next, const StateFolder& state, const Clock& clock = system_clock())
      : next_(next), state_(state), clock_(clock) {}
  LiveObserver(const LiveObserver&) = delete;
  LiveObserver& operator=(const LiveObserver&) = delete;
  ~LiveObserver() override;

  void planned(const Plan& plan) override;
  void started(const Planned& run, int attempt) override;
  void put_back(const Planned& run) override;
  void ended(const Planned& run, const Attempt& attempt, bool will_retry, const Tally& tally) override;
  void progress(const std::vector<worker::RunningView>& running, const Plan& plan, const Tally& tally) override;
  void note(const std::string& text) override { next_.note(text); }
  void finished(const Plan& plan, const Summary& summary) override { next_.finished(plan, summary); }
  void building(const BuildView& view) override { next_.building(view); }
  void build_output(std::string_view piece) override { next_.build_output(piece); }
  void built(const BuildAnswer& answer) override { next_.built(answer); }

 private:
  // Attempts of a run that have begun and are not committed: those that come again may overlap.
  struct Open {
    int count = 0;
    int attempt = 0;  // the last
    Stamp started{};
  };
  void close(const RunKey& key);
  [[nodiscard]] Live live_of(const std::vector<worker::RunningView>& running, const Plan& plan,
                             const Tally& tally) const;

  Observer& next_;
  const StateFolder& state_;
  const Clock& clock_;
  std::string campaign_;
  std::map<RunKey, Open> open_;
  Monotonic looked_{}, written_{};
  std::string last_;  // what is written
};

}  // namespace simswarm::campaign
