#include "archive/tar.h"
