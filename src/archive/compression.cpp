#include "archive/compression.h"
