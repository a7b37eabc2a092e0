// Stores in a folder for tests, with what may lie in them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "archive/compression.h"
#include "archive/tar.h"
#include "store/store.h"
#include "test_folder.h"

namespace simswarm::store {

// Passes everything on, and calls before some of it: what others may do just then.
class MeddlingBackEnd final : public BackEnd {
 public:
  explicit MeddlingBackEnd(std::unique_ptr<BackEnd> inner) : inner_(std::move(inner)) {}

  // Before and after each document that is removed, with its collection; once each, then forgotten.
  std::function<void(const std::string&collection)> before_remove, after_remove;
  std::function<void()> before_remove_file;

  Result<std::vector<bool>> insert(const std::string& collection, std::span<const Document> documents) override {
    return inner_->insert(collection, documents);
  }
  Result<std::vector<std::optional<Document>>> find(const std::string& collection, std::span<const std::string> ids,
                                                    Part part) override {
    return inner_->find(collection, ids, part);
  }
  Status each(const std::string& collection, const Where& where, const Visit& visit) override {
    return inner_->each(collection, where, visit);
  }
  Result<bool> remove(const std::string& collection, const std::string& id) override {
    if (const auto call = std::exchange(before_remove, nullptr)) call(collection);
    auto removed = inner_->remove(collection, id);
    if (const auto call = std::exchange(after_remove, nullptr)) call(collection);
    return removed;
  }
  Result<std::unique_ptr<FileWriter>> create_file() override { return inner_->create_file(); }
  Result<std::unique_ptr<Source>> open_file(const FileRecord& file) override { return inner_->open_file(file); }
  Result<std::optional<FileRecord>> find_file(const std::string& name) override { return inner_->find_file(name); }
  Status each_file(const VisitFile& visit) override { return inner_->each_file(visit); }
  Status remove_file(const std::string& id) override {
    if (const auto call = std::exchange(before_remove_file, nullptr)) call();
    return inner_->remove_file(id);
  }
  Result<Swept> sweep(std::chrono::seconds age) override { return inner_->sweep(age); }
  const std::string& shown() const override { return inner_->shown(); }

 private:
  std::unique_ptr<BackEnd> inner_;
};

template <typename T>
T value_of(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

inline Digest put_text(Store& store, std::string_view text) {
  TextSource source(text);
  return value_of(store.put(source)).digest;
}

inline RunKey key_named(const std::string& name) {
  return {digest_of(name)};
}

// A complete run with one file, whose archive lies in a blob or within the document.
inline RunRecord make_result(Store& store, const std::string& campaign, const std::string& run,
                             const std::string& content, bool in_blob) {
  const TestFolder folder;
  folder.write("results/run.csv", content);
  TextSink tar;
  const auto packed =
      value_of(archive::pack({{"results/run.csv", folder / "results/run.csv"}}, archive::Times::kDropped, tar));
  RunRecord record;
  record.made_by.attempt.key = key_named(run);
  record.made_by.attempt.campaign = campaign;
  record.made_by.attempt.verdict.outcome = Outcome::kCompleted;
  record.made_by.run = run;
  record.made_by.worker = "lab1";
  record.files = {{"results/run.csv", content.size(), digest_of(content), {}}};
  record.canonical = digest_of("canonical" + content);
  record.archive = packed.digest;
  record.archive_size = packed.size;
  if (in_blob) {
    put_text(store, tar.text());
    return record;
  }
  TextSink small;
  const auto compressed = archive::compress_into(small);
  EXPECT_TRUE(compressed->write(tar.text()) && compressed->finish());
  record.packed = small.take();
  record.packed_size = record.packed.size();
  return record;
}

inline std::string plan_of(const std::vector<RunKey>& keys) {
  std::string plan;
  for (const RunKey& key : keys) {
    const DigestBytes bytes = key.digest.bytes();
    plan.append(bytes.begin(), bytes.end());
  }
  return plan;
}

// Of two runs, «NAME#0» and «NAME#1».
inline CampaignRecord make_campaign(Store& store, const std::string& id, const std::string& name) {
  CampaignRecord record;
  record.id = id;
  record.name = name;
  record.queue = "run-" + id;
  record.study = "{}";
  record.host = "lab1";
  record.artifact = put_text(store, "artifact of " + name);
  record.plan = put_text(store, plan_of({key_named(name + "#0"), key_named(name + "#1")}));
  record.runs = 2;
  record.created = system_clock().stamp();
  EXPECT_TRUE(store.keep_campaign(record));
  return record;
}

inline void accept_one(Store& store, const RunRecord& record) {
  EXPECT_TRUE(store.note_attempts({&record.made_by, 1}));
  EXPECT_TRUE(store.accept({&record, 1}));
}

}  // namespace simswarm::store
