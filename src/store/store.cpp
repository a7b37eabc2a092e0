#include "store/store.h"

#include <algorithm>
#include <limits>

#include "store/needs.h"
#include "store/store_url.h"

namespace simswarm::store {
namespace {

const std::string kQuota = "quota";
constexpr std::size_t kGroupBytes = std::size_t{8} << 20U;  // of documents that are inserted at once

std::string id_of_conflict(const RunRecord& record) {
  return fmt::format("{}/{}", record.made_by.attempt.key.digest.hex(), record.canonical.hex());
}

// A group at a time, so that no message is too large.
Result<std::vector<bool>> insert_groups(BackEnd& back_end, const char* collection,
                                        const std::vector<Document>& documents) {
  std::vector<bool> inserted;
  std::size_t begin = 0;
  while (begin < documents.size()) {
    std::size_t end = begin;
    for (std::size_t bytes = 0; end < documents.size() && (end == begin || bytes < kGroupBytes) && end - begin < 1000;)
      bytes += documents[end].body.size() + documents[end].data.size() + 200, ++end;
    SIMSWARM_TRY(const auto some, back_end.insert(collection, std::span(documents).subspan(begin, end - begin)));
    inserted.insert(inserted.end(), some.begin(), some.end());
    begin = end;
  }
  return inserted;
}

}  // namespace

BlobWriter::BlobWriter(BackEnd& back_end, std::unique_ptr<FileWriter> file)
    : back_end_(back_end),
      file_(std::move(file)),
      stored_(*file_),
      compressed_(archive::compress_into(stored_)),
      content_(*compressed_) {}

Status BlobWriter::write(std::string_view bytes) {
  return content_.write(bytes);
}

Result<Blob> BlobWriter::keep() {
  SIMSWARM_CHECK(compressed_->finish());
  BlobRecord record;
  record.digest = content_.digest();
  record.size = content_.size();
  record.stored = stored_.size();
  record.stored_digest = stored_.digest();
  record.created = system_clock().stamp();
  const std::string id = record.digest.hex();
  SIMSWARM_TRY(const auto there, back_end_.find(kBlobs, {&id, 1}, Part::kBody));
  if (!there.front()) {
    SIMSWARM_TRY(record.file, file_->keep(id + std::string(kPackedName)));
    const Document document = to_document(record);
    SIMSWARM_TRY(const auto inserted, back_end_.insert(kBlobs, {&document, 1}));
    if (inserted.front()) return Blob{record.digest, record.size, record.stored};
    SIMSWARM_CHECK(back_end_.remove_file(record.file));  // somebody was faster
  }
  const Document use = to_document(UseRecord{record.digest, record.created});
  SIMSWARM_TRY([[maybe_unused]] const auto used, back_end_.insert(kUses, {&use, 1}));
  // gc() may have taken it between our look and our use: then it is not there any more.
  SIMSWARM_TRY(const auto still, back_end_.find(kBlobs, {&id, 1}, Part::kBody));
  if (!still.front()) {
    return propagate(
        {ExitCode::kEnvironment, fmt::format("blob {} went away while it was written; once more", id), true});
  }
  SIMSWARM_TRY(const BlobRecord known, blob_from(*still.front()));
  return Blob{known.digest, known.size, known.stored};
}

// Remembers whether what went wrong was the store's being away.
class BlobReader::Stored final : public Source {
 public:
  explicit Stored(std::unique_ptr<Source> inner) : inner_(std::move(inner)) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    auto got = inner_->read(buffer);
    if (!got && got.error().can_retry) away_ = got.error();
    return got;
  }
  [[nodiscard]] const std::optional<Error>& away() const { return away_; }

 private:
  std::unique_ptr<Source> inner_;
  std::optional<Error> away_;
};

BlobReader::BlobReader(Digest digest, std::unique_ptr<Source> stored, bool is_packed, std::uint64_t size)
    : digest_(std::move(digest)),
      stored_(std::make_unique<Stored>(std::move(stored))),
      unpacked_(is_packed ? archive::decompress(*stored_) : nullptr),
      content_(is_packed ? *unpacked_ : *stored_),
      size_(size) {}

tl::unexpected<Error> BlobReader::damaged(std::string what) {
  damage_ = fmt::format("blob {}: {}", digest_.hex(), what);
  return environment_error("{}", damage_);
}

Result<std::size_t> BlobReader::read(std::span<char> buffer) {
  if (!damage_.empty()) return environment_error("{}", damage_);
  if (is_checked_) return 0;
  const auto got = content_.read(buffer);
  if (!got) {
    const auto& away = static_cast<const Stored&>(*stored_).away();
    return away ? propagate(*away) : damaged(got.error().message);
  }
  if (*got == buffer.size()) return got;
  is_checked_ = true;
  const Digest now = content_.digest();
  if (now != digest_) return damaged("its content has the digest " + now.hex());
  return got;
}

Result<std::unique_ptr<BlobWriter>> Store::create_blob() {
  SIMSWARM_TRY(auto file, back_end_->create_file());
  return std::make_unique<BlobWriter>(*back_end_, std::move(file));
}

Result<Blob> Store::put(Source& content) {
  SIMSWARM_TRY(const auto writer, create_blob());
  SIMSWARM_CHECK(pour(content, *writer));
  return writer->keep();
}

Result<bool> Store::has(const Digest& digest) {
  const Document use = to_document(UseRecord{digest, system_clock().stamp()});
  const std::string& id = digest.hex();
  SIMSWARM_TRY(const auto there, back_end_->find(kBlobs, {&id, 1}, Part::kBody));
  if (!there.front()) return false;
  SIMSWARM_TRY([[maybe_unused]] const auto used, back_end_->insert(kUses, {&use, 1}));
  // After the use: whoever collects garbage sees it, or has taken the blob away by now.
  SIMSWARM_TRY(const auto still, back_end_->find(kBlobs, {&id, 1}, Part::kBody));
  return still.front().has_value();
}

Result<bool> Store::is_there(const Digest& digest) {
  const std::string& id = digest.hex();
  SIMSWARM_TRY(const auto there, back_end_->find(kBlobs, {&id, 1}, Part::kBody));
  return there.front().has_value();
}

Status Store::forget_blob(const Digest& digest) {
  SIMSWARM_TRY([[maybe_unused]] const bool gone, back_end_->remove(kBlobs, digest.hex()));
  return {};
}

Result<std::unique_ptr<BlobReader>> Store::open_blob(const Digest& digest) {
  const std::string& id = digest.hex();
  SIMSWARM_TRY(const auto there, back_end_->find(kBlobs, {&id, 1}, Part::kBody));
  FileRecord file;
  bool is_packed = true;
  std::uint64_t size = 0;
  if (there.front()) {
    SIMSWARM_TRY(const BlobRecord record, blob_from(*there.front()));
    file = {record.file, id + std::string(kPackedName), record.stored, record.created};
    size = record.size;
  } else {  // others write files by their own programs, under the digest as name
    SIMSWARM_TRY(auto found, back_end_->find_file(id + std::string(kPackedName)));
    if (!found) {
      is_packed = false;
      SIMSWARM_TRY(found, back_end_->find_file(id));
    }
    if (!found) return nullptr;
    file = *found;
    size = is_packed ? 0 : file.size;
  }
  SIMSWARM_TRY(auto stored, back_end_->open_file(file));
  return std::make_unique<BlobReader>(digest, std::move(stored), is_packed, size);
}

Result<Fetched> Store::fetch(const Digest& digest, Sink& sink) {
  using State = Fetched::State;
  SIMSWARM_TRY(const auto reader, open_blob(digest));
  if (!reader) return Fetched{State::kMissing, fmt::format("blob {} is not in {}", digest.hex(), shown())};
  const auto poured = pour(*reader, sink);
  if (!reader->damage().empty()) return Fetched{State::kDamaged, reader->damage()};
  if (!poured) return propagate(poured.error());
  return Fetched{};
}

Status Store::note_attempts(std::span<const AttemptRecord> attempts) {
  std::vector<Document> documents;
  for (const AttemptRecord& attempt : attempts) documents.push_back(to_document(attempt));
  SIMSWARM_TRY(const auto inserted, insert_groups(*back_end_, kAttempts, documents));
  std::vector<Document> again;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    if (inserted[i]) continue;
    ids.push_back(documents[i].id);
    again.push_back(std::move(documents[i]));
  }
  SIMSWARM_TRY(const auto there, back_end_->find(kAttempts, ids, Part::kBody));
  // The same one is there when the answer to an earlier call was lost.
  std::size_t left = 0;
  for (std::size_t i = 0; i < again.size(); ++i) {
    const auto known = there[i] ? attempt_from(*there[i]) : tl::make_unexpected(Error{});
    if (known && to_document(*known).body == again[i].body) continue;
    // The queue forgot, and counts from one again: what was there is kept, and this one stands beside it.
    again[i].id += "/" + digest_of(again[i].body).hex().substr(0, 16);
    if (left != i) again[left] = std::move(again[i]);
    ++left;
  }
  again.resize(left);
  if (again.empty()) return {};
  SIMSWARM_TRY([[maybe_unused]] const auto noted, insert_groups(*back_end_, kAttempts, again));
  return {};
}

Result<std::vector<Accepted>> Store::accept(std::span<const RunRecord> records) {
  std::vector<Document> documents;
  for (const RunRecord& record : records) documents.push_back(to_document(record));
  SIMSWARM_TRY(const auto inserted, insert_groups(*back_end_, kResults, documents));
  std::vector<Accepted> accepted;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    if (inserted[i]) {
      accepted.push_back(Accepted::kNew);
      continue;
    }
    SIMSWARM_TRY(const Accepted one, accept_beside(records[i], std::move(documents[i])));
    accepted.push_back(one);
  }
  return accepted;
}

// One of whose key there was a result.
Result<Accepted> Store::accept_beside(const RunRecord& record, Document document) {
  const RunKey& key = record.made_by.attempt.key;
  while (true) {
    SIMSWARM_TRY(const auto there, results({&key, 1}, Part::kBody));
    if (there.front() && there.front()->canonical == record.canonical) return Accepted::kEqual;
    if (there.front()) break;
    // It was found to be damaged just now.
    SIMSWARM_TRY(const auto now, back_end_->insert(kResults, {&document, 1}));
    if (now.front()) return Accepted::kNew;
  }
  document.id = id_of_conflict(record);
  SIMSWARM_TRY([[maybe_unused]] const auto kept, back_end_->insert(kConflicts, {&document, 1}));
  return Accepted::kConflict;
}

Result<std::vector<std::optional<RunRecord>>> Store::results(std::span<const RunKey> keys, Part part) {
  std::vector<std::string> ids;
  for (const RunKey& key : keys) ids.push_back(key.digest.hex());
  SIMSWARM_TRY(const auto documents, back_end_->find(kResults, ids, part));
  std::vector<std::optional<RunRecord>> records;
  for (const std::optional<Document>& document : documents) {
    if (!document) {
      records.emplace_back();
      continue;
    }
    SIMSWARM_TRY(RunRecord record, run_from(*document));
    records.emplace_back(std::move(record));
  }
  return records;
}

Result<std::vector<RunRecord>> Store::group(const std::string& group) {
  std::vector<RunRecord> records;
  SIMSWARM_CHECK(back_end_->each(kResults, {"group", group, Part::kAll}, [&](const Document& document) -> Status {
    SIMSWARM_TRY(RunRecord record, run_from(document));
    records.push_back(std::move(record));
    return {};
  }));
  return records;
}

Result<std::optional<AttemptRecord>> Store::attempt(const RunKey& key, const std::string& campaign, int number) {
  Attempt attempt;
  attempt.key = key;
  attempt.campaign = campaign;
  attempt.number = number;
  const std::string id = id_of(attempt);
  SIMSWARM_TRY(const auto found, back_end_->find(kAttempts, {&id, 1}, Part::kBody));
  if (!found.front()) return std::nullopt;
  SIMSWARM_TRY(AttemptRecord record, attempt_from(*found.front()));
  return record;
}

Status Store::distrust(const RunRecord& record, const std::vector<Digest>& damaged) {
  Document document = to_document(record);
  document.data.clear();
  document.id = id_of_conflict(record) + std::string(kDistrusted);
  SIMSWARM_TRY([[maybe_unused]] const auto kept, back_end_->insert(kConflicts, {&document, 1}));
  const std::string key = record.made_by.attempt.key.digest.hex();
  // Another one may stand there by now, with the same number: attempts are counted anew by a queue that forgot.
  SIMSWARM_TRY(const auto there, back_end_->find(kResults, {&key, 1}, Part::kBody));
  if (!there.front()) return {};
  const auto known = run_from(*there.front());
  if (known && to_document(*known).body != to_document(record).body) return {};
  // First the blobs: the run gives the same again, and what is there is not kept twice.
  for (const Digest& digest : damaged) SIMSWARM_CHECK(forget_blob(digest));
  SIMSWARM_TRY([[maybe_unused]] const bool removed, back_end_->remove(kResults, key));
  return {};
}

Result<std::vector<RunRecord>> Store::conflicts(const std::string& campaign) {
  std::vector<RunRecord> records;
  SIMSWARM_CHECK(back_end_->each(kConflicts, {"campaign", campaign}, [&](const Document& document) -> Status {
    if (is_distrusted(document)) return {};
    SIMSWARM_TRY(RunRecord record, run_from(document));
    records.push_back(std::move(record));
    return {};
  }));
  return records;
}

Status Store::keep_campaign(const CampaignRecord& record) {
  const Document document = to_document(record);
  SIMSWARM_TRY([[maybe_unused]] const auto inserted, back_end_->insert(kCampaigns, {&document, 1}));
  return {};
}

Result<std::optional<CampaignRecord>> Store::campaign(const std::string& id) {
  SIMSWARM_TRY(const auto found, back_end_->find(kCampaigns, {&id, 1}, Part::kBody));
  if (!found.front()) return std::nullopt;
  SIMSWARM_TRY(CampaignRecord record, campaign_from(*found.front()));
  return record;
}

Result<std::vector<CampaignRecord>> Store::campaigns() {
  std::vector<CampaignRecord> records;
  SIMSWARM_CHECK(back_end_->each(kCampaigns, {}, [&](const Document& document) -> Status {
    SIMSWARM_TRY(CampaignRecord record, campaign_from(document));
    records.push_back(std::move(record));
    return {};
  }));
  std::sort(records.begin(), records.end(),
            [](const CampaignRecord& a, const CampaignRecord& b) { return a.id > b.id; });
  return records;
}

Status Store::note_collected(const std::string& campaign, Stamp when) {
  const Document document = number_document(campaign, when.time_since_epoch().count());
  SIMSWARM_TRY([[maybe_unused]] const auto inserted, back_end_->insert(kCollected, {&document, 1}));
  return {};
}

Result<std::string> Store::choose_cpu(const std::string& campaign, const std::string& cpu) {
  const std::string id = "cpu/" + campaign;
  const Document document = text_document(id, cpu);
  SIMSWARM_TRY(const std::vector<bool> is_first, back_end_->insert(kSettings, {&document, 1}));
  if (is_first.front()) return cpu;
  SIMSWARM_TRY(const auto found, back_end_->find(kSettings, {&id, 1}, Part::kBody));
  if (found.front()) return text_from(*found.front());
  return propagate({ExitCode::kEnvironment, fmt::format("the campaign {} has just been removed", campaign), true});
}

Status Store::set_quota(std::optional<std::uint64_t> bytes) {
  SIMSWARM_TRY([[maybe_unused]] const bool removed, back_end_->remove(kSettings, kQuota));
  if (!bytes) return {};
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  const Document document = number_document(kQuota, static_cast<std::int64_t>(std::min(*bytes, kMost)));
  SIMSWARM_TRY([[maybe_unused]] const auto inserted, back_end_->insert(kSettings, {&document, 1}));
  return {};
}

Result<std::optional<std::uint64_t>> Store::quota() {
  SIMSWARM_TRY(const auto found, back_end_->find(kSettings, {&kQuota, 1}, Part::kBody));
  if (!found.front()) return std::nullopt;
  SIMSWARM_TRY(const std::int64_t bytes, number_from(*found.front()));
  return static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0));
}

Result<Usage> Store::usage() {
  Usage usage;
  SIMSWARM_CHECK(back_end_->each(kBlobs, {}, [&](const Document& document) -> Status {
    SIMSWARM_TRY(const BlobRecord record, blob_from(document));
    ++usage.blobs;
    usage.stored += record.stored;
    return {};
  }));
  SIMSWARM_CHECK(back_end_->each(kResults, {}, [&](const Document& document) -> Status {
    SIMSWARM_TRY(const RunRecord record, run_from(document));
    usage.documents += record.packed_size + document.body.size();
    return {};
  }));
  return usage;
}

Result<std::unique_ptr<Store>> open_store(const std::string& url, FreshUrl fresh_url) {
  SIMSWARM_TRY(const StoreAddress address, parse_store_url(url));
  std::unique_ptr<BackEnd> back_end;
  if (address.kind == StoreAddress::Kind::kDirectory) {
    SIMSWARM_TRY(back_end, open_directory(address.folder));
  } else {
    SIMSWARM_TRY(back_end, open_mongodb(address.url, std::move(fresh_url)));
  }
  return std::make_unique<Store>(std::move(back_end));
}

}  // namespace simswarm::store
