// Opened by name. What it needs is loaded already; it would not find it by itself.
long library_count(void);
long library_bump(void);

long
library_provide(void)
{
    library_bump();
    return library_count();
}
