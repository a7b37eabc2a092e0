#include "build/toolchain_file.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/digest.h"

namespace simswarm::build {
namespace {

constexpr std::string_view kGnu{"GNU\0", 4};
constexpr std::size_t kHead = 65536;  // bytes in which headers and notes stand

// A plain struct out of bytes; nothing where they end before.
template <typename T>
std::optional<T> taken(std::string_view bytes, std::uint64_t at) {
  if (at > bytes.size() || bytes.size() - at < sizeof(T)) return std::nullopt;
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

constexpr std::uint64_t aligned(std::uint64_t size) {
  return (size + 3) & ~std::uint64_t{3};
}

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

std::optional<std::string> build_id_in_notes(std::string_view notes) {
  std::uint64_t at = 0;
  while (const auto note = taken<Elf64_Nhdr>(notes, at)) {
    const std::uint64_t name = at + sizeof(Elf64_Nhdr);
    const std::uint64_t content = name + aligned(note->n_namesz);
    const std::uint64_t end = content + note->n_descsz;
    if (end > notes.size()) return std::nullopt;
    const bool is_id = note->n_type == NT_GNU_BUILD_ID && notes.substr(name, note->n_namesz) == kGnu;
    if (is_id && note->n_descsz > 0) return hexadecimal(notes.substr(content, note->n_descsz));
    at = content + aligned(note->n_descsz);
  }
  return std::nullopt;
}

std::string read_head(const Fd& file) {
  std::string head(kHead, '\0');
  const ssize_t got = ::pread(file.get(), head.data(), head.size(), 0);
  head.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return head;
}

}  // namespace

std::optional<std::string> build_id_of(std::string_view elf) {
  const auto header = taken<Elf64_Ehdr>(elf, 0);
  const bool is_ours = header && std::memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
                       header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == ELFDATA2LSB &&
                       header->e_phentsize == sizeof(Elf64_Phdr);
  if (!is_ours) return std::nullopt;
  for (std::uint64_t index = 0; index < header->e_phnum; ++index) {
    if (header->e_phoff > elf.size()) return std::nullopt;
    const auto segment = taken<Elf64_Phdr>(elf, header->e_phoff + index * sizeof(Elf64_Phdr));
    if (!segment) return std::nullopt;
    if (segment->p_type != PT_NOTE || segment->p_offset > elf.size()) continue;
    if (auto id = build_id_in_notes(elf.substr(segment->p_offset, segment->p_filesz))) return id;
  }
  return std::nullopt;
}

std::string identity_of(const fs::path& file) {
  const Fd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!opened.valid() || ::fstat(opened.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  if (const auto id = build_id_of(read_head(opened))) return fmt::format("build-id {} of {} bytes", *id, info.st_size);
  const auto digest = digest_of_file(file);
  return digest ? "content " + digest->hex() : std::string();
}

}  // namespace simswarm::build
