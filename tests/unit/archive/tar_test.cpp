#include "archive/tar.h"

#include <gtest/gtest.h>
