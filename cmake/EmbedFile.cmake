# Called by embed(): writes GENERATED, in which simswarm::embedded::NAME() gives the text of SOURCE.
file(READ ${SOURCE} text)
set(delimiter "EMBEDDED")
if(text MATCHES "\\)${delimiter}\"")
  message(FATAL_ERROR "${SOURCE} has )${delimiter}\" in it, which ends what is embedded")
endif()
# A literal of a file's length would be more than compilers have to take: pieces, which they join; whole lines, so that
# no character is cut.
set(literals "")
while(NOT text STREQUAL "")
  string(SUBSTRING "${text}" 0 8000 piece)
  string(FIND "${piece}" "\n" last REVERSE)
  if(last EQUAL -1)
    message(FATAL_ERROR "${SOURCE} has a line of more than 8000 bytes, or a last line without an end")
  endif()
  math(EXPR length "${last} + 1")
  string(SUBSTRING "${text}" 0 ${length} piece)
  string(SUBSTRING "${text}" ${length} -1 text)
  string(APPEND literals "\n    R\"${delimiter}(${piece})${delimiter}\"")
endwhile()
file(WRITE ${GENERATED} "#include <string_view>

namespace simswarm::embedded {

std::string_view ${NAME}();
std::string_view ${NAME}() {
  return \"\"${literals};
}

}  // namespace simswarm::embedded
")
