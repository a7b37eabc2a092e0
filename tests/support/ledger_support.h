// A ledger in a folder of the test's own, and short words for what goes into it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ledger/ledger.h"
#include "test_folder.h"

namespace simswarm {

inline RunKey key(const std::string& text) {
  return {digest_of(text)};
}

inline Stamp at(std::int64_t seconds) {
  return Stamp(std::chrono::seconds(1'795'000'000 + seconds));
}

// A complete attempt of the key that is made of the text.
inline Attempt attempt(const std::string& text, Outcome outcome = Outcome::kCompleted) {
  Attempt made;
  made.key = key(text);
  made.campaign = "01A";
  made.verdict.outcome = outcome;
  made.started = at(0);
  made.ended = at(1);
  return made;
}

// A result that consists of files at these paths, staged below /staged.
inline Intent intent(const std::string& text, const std::vector<std::string>& paths) {
  Intent made;
  made.attempt = attempt(text);
  made.folder = "/work";
  for (const std::string& path : paths) {
    made.files.push_back({path, path.size(), digest_of(path), {}});
    made.staged.push_back("/staged/" + path);
  }
  return made;
}

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() { reopen(); }

  void reopen() {
    ledger_.reset();
    auto opened = Ledger::open(folder_ / "state");
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    ledger_ = std::move(*opened);
  }
  Status begin(const std::string& id, const std::vector<PlannedRun>& runs = {}) {
    CampaignRecord campaign;
    campaign.id = id;
    campaign.started = at(0);
    campaign.state = "running";
    return ledger_->begin_campaign(campaign, {}, runs);
  }
  // The whole way of results.
  Status accept(std::vector<Intent>& intents) {
    SIMSWARM_CHECK(ledger_->intend(intents, std::vector<AttemptLog>(intents.size())));
    return ledger_->done(intents);
  }

  TestFolder folder_;
  std::unique_ptr<Ledger> ledger_;
};

}  // namespace simswarm
